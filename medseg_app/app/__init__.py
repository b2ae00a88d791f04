"""What a user can do: the session, its commands, tasks and settings; no Qt."""
