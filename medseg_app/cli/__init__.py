"""The command line: subcommands, their output and their exit codes."""
