"""The schema's revisions, in order, and how to write the next one.

The bot migrates at start, and ``python -m bot db upgrade`` does the same by hand; there is no
``alembic.ini``. To change the schema, change :mod:`bot.storage.schema` and run::

    python -m migrations "scores of games"

which writes ``versions/NNNN_scores_of_games.py`` from what differs. Read it, give every
constraint its name, write the downgrade, and add a row of any new table to the sample of
``tests/storage/test_migrations.py``, whose tests then go through the new revision too. A revision
never imports the models: they go on changing and it does not.
"""
