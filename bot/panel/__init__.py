"""The panel of ``/settings``: what the admins of a server decide."""
