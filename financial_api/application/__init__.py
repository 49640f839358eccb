"""How what the apps do is carried out: what all of them share above the backends.

A command is run to its one commit (`commands`, `unit_of_work`); `cleanup` deletes what all apps
have stored; `chores` are done from time to time beside every relay; `event_catalogue` says what
events there are.
"""
