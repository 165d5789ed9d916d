package main

// An exitCode is one way for a command to end.
type exitCode struct {
	code  int
	means string
}

// exits say what the exit codes mean, for every help page, the man pages and
// `todoctl help exit-codes`. Which of them a command can end with stands in its
// entry in manual.
var exits = []exitCode{
	{exitDone, "done"},
	{exitFailed, "failed; the last lines say why, and what to type"},
	{exitUsage, "wrong usage, or an answer is missing"},
	{exitDiffers, "something is not as it should be, or would be changed (--dry-run)"},
	{exitCredentials, "credentials or permission"},
	{exitForeign, "a resource of that name is not todoctl's"},
	{exitInterrupted, "interrupted; run again to continue"},
}
