"""The CUDA kernels that an unquantised model calls, in torch, and flash-attn's paged attention.

Signatures and in-place results are those of ``ext_bindings.cpp`` of exllamav2 0.3.2 and of
flash-attn 2.7. Shapes: B batch, T tokens, H heads, D head dimension.
"""

# ruff: noqa: PLR0917 - the signatures are the library's

from __future__ import annotations

from itertools import pairwise
from typing import NoReturn

import torch
from torch import Tensor

_HALF_MAX = 65504.0


def _absent(tensor: Tensor | None) -> bool:
    """The library passes a tensor on the meta device for "none"."""
    return tensor is None or tensor.device.type == "meta"


# -- layers ----------------------------------------------------------------------------------


def rms_norm(x: Tensor, w: Tensor, y: Tensor, eps: float) -> None:
    f = x.float().clamp_(-_HALF_MAX, _HALF_MAX)
    y.copy_(f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + eps) * w.float())


def layer_norm(x: Tensor, w: Tensor, b: Tensor | None, y: Tensor, eps: float) -> None:
    bias = None if b is None or _absent(b) else b.float()
    y.copy_(torch.nn.functional.layer_norm(x.float(), x.shape[-1:], w.float(), bias, eps))


def head_norm(x: Tensor, w: Tensor, b: Tensor | None, y: Tensor, eps: float, rms: bool) -> None:
    f = x.float()
    if not rms:
        f = f - f.mean(-1, keepdim=True)
    f = f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + eps) * w.float()
    y.copy_(f if b is None or _absent(b) else f + b.float())


def softcap_(x: Tensor, scale: float) -> None:
    x.copy_(scale * torch.tanh(x.float() / scale))


def rope_(
    x: Tensor,
    sin: Tensor,
    cos: Tensor,
    past_len: int,
    num_heads: int,
    head_dim: int,
    offsets: Tensor,
    neox_style: bool,
) -> None:
    """Rotary position embedding of ``x``, of shape (B, T, H·D), in place.

    Raises:
        IndexError: a position past the table; the kernel would read there without a word.
    """
    batch = x.shape[0]
    v = x.view(batch, -1, num_heads, head_dim)
    rot = sin.shape[-1]
    sin, cos = sin.view(-1, rot), cos.view(-1, rot)
    if past_len == -1:
        start = offsets.clamp(min=0).long()
    elif not _absent(offsets):
        start = past_len + offsets.long()
    else:
        start = torch.full((batch,), past_len, dtype=torch.long)
    position = (start.view(batch, 1) + torch.arange(v.shape[1])).clamp_(min=0)
    if int(position.max()) >= sin.shape[0]:
        raise IndexError(f"position {int(position.max())} is past the model's {sin.shape[0]}")
    s, c = sin[position].unsqueeze(2).float(), cos[position].unsqueeze(2).float()
    r = v[..., :rot].float()
    if neox_style:
        turned = torch.cat((-r[..., rot // 2 :], r[..., : rot // 2]), dim=-1)
    else:
        turned = torch.stack((-r[..., 1::2], r[..., 0::2]), dim=-1).flatten(-2)
    v[..., :rot].copy_(r * c + turned * s)


def cache_rotate(cache: Tensor, order: Tensor, temp: Tensor) -> None:
    """Move the cache's pages along the cycle ``order``."""
    pages = order.tolist()
    temp.view(-1).copy_(cache[pages[0]].view(-1))
    for target, source in pairwise(pages):
        cache[target].copy_(cache[source])
    cache[pages[-1]].copy_(temp.view(-1))


# -- quantised caches: as cache_q.cuh, a Hadamard transform and then one scale for 32 values ----

_GROUP = 32
_BITS = {4: (4, 4), 6: (8, 4), 8: (8, 8)}
"""By the cache's name: bits of keys and of values."""


def _hadamard(x: Tensor) -> Tensor:
    """``x`` is (…, 64): two interleaved groups of 32, as the kernel has them."""
    w = x.view(*x.shape[:-1], _GROUP, 2)
    step = 1
    while step < _GROUP:
        w = w.view(*x.shape[:-1], _GROUP // (2 * step), 2, step, 2)
        a, b = w[..., 0, :, :], w[..., 1, :, :]
        w = torch.stack((a + b, a - b), dim=-3).view(*x.shape[:-1], _GROUP, 2)
        step *= 2
    return w.reshape(x.shape)


def _quantise(x: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """(n, dim) to packed (n, dim·bits/8) and scales (n, dim/32)."""
    rows, half = x.shape[0], 1 << (bits - 1)
    h = _hadamard(x.float().view(rows, -1, 2 * _GROUP)).view(rows, -1, _GROUP)
    scale = h.abs().amax(-1, keepdim=True)
    q = torch.round(h / scale.clamp(min=1e-12) * half + half)
    q = q.clamp_(0, 2 * half - 1).to(torch.uint8).view(rows, -1)
    if bits == 4:
        q = q[:, 0::2] | (q[:, 1::2] << 4)
    return q, (scale.view(rows, -1) / half).half()


def _dequantise(q: Tensor, scale: Tensor, bits: int) -> Tensor:
    rows, half = q.shape[0], 1 << (bits - 1)
    if bits == 4:
        q = torch.stack((q & 15, q >> 4), dim=-1).view(rows, -1)
    h = (q.float() - half).view(rows, -1, _GROUP) * scale.float().view(rows, -1, 1)
    return (_hadamard(h.view(rows, -1, 2 * _GROUP)) / _GROUP).view(rows, -1)


def _rows(
    states: Tensor,
    batch_size: int,
    offset: int,
    width: int,
    page_size: int,
    cache_seqlens: Tensor,
    block_table: Tensor,
    *,
    past: bool,
) -> Tensor:
    """The flat token rows that one call covers."""
    if not page_size:
        length = states.shape[1]
        end = min(offset + width, length)
        spans = [torch.arange(b * length + offset, b * length + end) for b in range(batch_size)]
        return torch.cat(spans)
    rows: set[int] = set()
    for table, done in zip(block_table.tolist(), cache_seqlens.tolist(), strict=True):
        first, last = (0, done) if past else (done, done + width)
        rows |= {table[i // page_size] * page_size + i % page_size for i in range(first, last)}
    return torch.tensor(sorted(rows), dtype=torch.long)


def fp16_to_q_kv(
    k_in: Tensor,
    k_out: Tensor,
    k_scales: Tensor,
    v_in: Tensor,
    v_out: Tensor,
    v_scales: Tensor,
    batch_size: int,
    offset: int,
    width: int,
    page_size: int,
    cache_seqlens: Tensor,
    block_table: Tensor,
    wbits: int,
) -> None:
    rows = _rows(k_in, batch_size, offset, width, page_size, cache_seqlens, block_table, past=False)
    k_bits, v_bits = _BITS[wbits]
    for source, target, scales, bits in (
        (k_in, k_out, k_scales, k_bits),
        (v_in, v_out, v_scales, v_bits),
    ):
        q, scale = _quantise(source.view(-1, source.shape[2] * source.shape[3])[rows], bits)
        target.view(-1, q.shape[1])[rows] = q
        scales.view(-1, scale.shape[1])[rows] = scale


def q_to_fp16_kv(
    k_in: Tensor,
    k_out: Tensor,
    k_scales: Tensor,
    v_in: Tensor,
    v_out: Tensor,
    v_scales: Tensor,
    batch_size: int,
    offset: int,
    width: int,
    page_size: int,
    cache_seqlens: Tensor,
    block_table: Tensor,
    wbits: int,
) -> None:
    rows = _rows(k_out, batch_size, offset, width, page_size, cache_seqlens, block_table, past=True)
    if not len(rows):
        return
    k_bits, v_bits = _BITS[wbits]
    for source, target, scales, bits in (
        (k_in, k_out, k_scales, k_bits),
        (v_in, v_out, v_scales, v_bits),
    ):
        packed = source.view(-1, source.shape[2] * source.shape[3])[rows]
        scale = scales.view(-1, scales.shape[2] * scales.shape[3])[rows]
        x = _dequantise(packed, scale, bits)
        target.view(-1, x.shape[1])[rows] = x.half()


# -- flash-attn --------------------------------------------------------------------------------


def _attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    scale: float,
    causal: bool,
    window: tuple[int, int],
    softcap: float,
) -> Tensor:
    """Attention of one sequence: ``q`` is (T, H, D), ``k`` and ``v`` may have fewer heads."""
    q, k, v = (t.transpose(0, 1).float() for t in (q, k, v))
    if k.shape[0] != q.shape[0]:
        groups = q.shape[0] // k.shape[0]
        k, v = k.repeat_interleave(groups, dim=0), v.repeat_interleave(groups, dim=0)
    weights = (q @ k.transpose(-1, -2)) * scale
    if softcap:
        weights = softcap * torch.tanh(weights / softcap)
    # The last query stands at the last key.
    i = torch.arange(q.shape[1]).view(-1, 1) + (k.shape[1] - q.shape[1])
    j = torch.arange(k.shape[1]).view(1, -1)
    hidden = (j > i) if causal else torch.zeros_like(j > i)
    if window[0] >= 0:
        hidden = hidden | (j < i - window[0])
    weights = weights.masked_fill(hidden, float("-inf"))
    return (torch.softmax(weights, dim=-1) @ v).transpose(0, 1)


def flash_attn_func(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    dropout_p: float = 0.0,
    softmax_scale: float | None = None,
    causal: bool = False,
    window_size: tuple[int, int] = (-1, -1),
    softcap: float = 0.0,
    **_others: object,
) -> Tensor:
    scale = softmax_scale or q.shape[-1] ** -0.5
    out = [
        _attend(q[b], k[b], v[b], scale, causal, window_size, softcap) for b in range(q.shape[0])
    ]
    return torch.stack(out).to(q.dtype)


def flash_attn_varlen_func(*_args: object, **_named: object) -> NoReturn:
    raise NotImplementedError("flash_attn_varlen_func has no stand-in: only images need it")


def flash_attn_with_kvcache(
    q: Tensor,
    k_cache: Tensor,
    v_cache: Tensor,
    k: Tensor | None = None,
    v: Tensor | None = None,
    cache_seqlens: Tensor | None = None,
    block_table: Tensor | None = None,
    softmax_scale: float | None = None,
    causal: bool = False,
    window_size: tuple[int, int] = (-1, -1),
    softcap: float = 0.0,
    **_others: object,
) -> Tensor:
    """Write new keys and values into their pages, where any are given, then attend to all.

    Raises:
        NotImplementedError: the cache is not in pages.
    """
    if cache_seqlens is None or block_table is None:
        raise NotImplementedError("only a cache in pages has a stand-in")
    scale = softmax_scale or q.shape[-1] ** -0.5
    page = k_cache.shape[1]
    out = torch.empty_like(q)
    for b in range(q.shape[0]):
        done = int(cache_seqlens[b])
        position = torch.arange(done + (0 if k is None else k.shape[1]))
        pages, slots = block_table[b].long()[position // page], position % page
        if k is not None and v is not None:
            k_cache[pages[done:], slots[done:]] = k[b].to(k_cache.dtype)
            v_cache[pages[done:], slots[done:]] = v[b].to(v_cache.dtype)
        keys, values = k_cache[pages, slots], v_cache[pages, slots]
        out[b] = _attend(q[b], keys, values, scale, causal, window_size, softcap)
    return out
