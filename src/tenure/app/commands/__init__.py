"""One module per command of `tenure`; each has its click command under the name `command`."""
