package main

// useEntries are about what was typed and what was answered.
var useEntries = []entry{
	{
		ID: "TODO-USE-01", Exit: exitUsage,
		Title: "the command line is not understood",
		Why: "The first word after todoctl is the name of a command, and most commands take no further words. " +
			"Nothing was started, so nothing was changed.",
		Do: []remedy{{"See which commands there are, in the order of the tutorial.", "todoctl --help"}},
	},
	{
		ID: "TODO-USE-02", Exit: exitUsage,
		Title: "a flag is not known to this command",
		Why: "Flags begin with two dashes and stand after the command. Each command has its own, and some that all share. " +
			"A flag that is mistyped is refused instead of being ignored, so that a run never does something else than you meant.",
		Do: []remedy{{"See the flags of a command.", "todoctl up --help"}},
	},
	{
		ID: "TODO-USE-03", Exit: exitUsage,
		Title: "a flag has a value that it cannot have",
		Why: "Some flags take one of a few words, others a number, an e-mail address or a step's name. " +
			"All values are checked before anything goes over the network.",
		Do: []remedy{{"The error names the values that are possible; so does the command's help.", "todoctl up --help"}},
	},
	{
		ID: "TODO-USE-04", Exit: exitUsage,
		Title: "two flags exclude each other",
		Why: "Both together would mean two different things: a backup of the items and deleting them without one, " +
			"or the AWS on this machine and a profile of the one outside.",
		Do: []remedy{{"Leave one of the two out.", ""}},
	},
	{
		ID: "TODO-USE-05", Exit: exitUsage,
		Title: "this needs your consent",
		Why: "A command that makes, changes or deletes something asks first. In a script, a pipe or a CI job nobody is there to answer, " +
			"and with --no-input or --output json todoctl may not ask; silence is no consent, so nothing was done. " +
			"--yes is the consent; --no-input only forbids the question.",
		Do: []remedy{
			{"Say yes in the command line.", "todoctl up --yes"},
			{"Or look at what would be done.", "todoctl up --dry-run"},
		},
	},
	{
		ID: "TODO-USE-06", Exit: exitUsage,
		Title: "the stack's name cannot be used",
		Why: "All resources are named after the stack (TodoTable, LambdaTodoRole), and each AWS service has its own rules for names. " +
			"What all of them take is 1 to 32 letters and digits that begin with a letter.",
		Do: []remedy{{"Choose a simple name.", "todoctl up --stack Chat"}},
	},
	{
		ID: "TODO-USE-07", Exit: exitUsage,
		Title: "the table holds items, and --yes alone does not delete data",
		Why: "--yes agrees to removing what todoctl can make again. The items are yours and nobody can make them again, " +
			"so deleting them has a flag of its own.",
		Do: []remedy{
			{"Keep them in a file.", "todoctl down --yes --backup items.jsonl"},
			{"Or give them up.", "todoctl down --yes --discard-data"},
		},
	},
	{
		ID: "TODO-USE-08", Exit: exitUsage,
		Title: "a file or folder must be named",
		Why: "The command reads or writes a file or folder of yours and does not guess which. " +
			"A backup must be a real file: it is read back before the table goes, which is not possible with a pipe.",
		Do: []remedy{
			{"Name the file of a backup.", "todoctl restore TodoTable-20261123-101500.jsonl"},
			{"Name a new file for one.", "todoctl down --backup items.jsonl"},
		},
	},
	{
		ID: "TODO-USE-09", Exit: exitUsage,
		Title: "the input ended before the question was answered",
		Why: "A question was open when the terminal was closed or the input came to its end. No answer is taken for yes. " +
			"Answers cannot be piped in; every one of them can be given as a flag.",
		Do: []remedy{
			{"Run it in a terminal.", "todoctl up"},
			{"Or give the consent as a flag.", "todoctl up --yes"},
		},
	},
	{
		ID: "TODO-USE-10", Exit: exitUsage,
		Title: "there is no problem of that id",
		Why:   "An id has three parts: TODO, an area such as IAM, and a number. Upper and lower case are the same.",
		Do:    []remedy{{"See all of them.", "todoctl explain"}},
	},
	{
		ID: "TODO-USE-11", Exit: exitUsage,
		Title: "what was typed is not the stack's name, so nothing was changed",
		Why: "Removing a stack asks for its name, exactly as it is written, so that a wrong window or a hasty Enter deletes nothing. " +
			"Anything else than the name stops there.",
		Do: []remedy{
			{"Start again and type the name as it is shown.", "todoctl down"},
			{"See what there is.", "todoctl status"},
		},
	},
	{
		ID: "TODO-USE-12", Exit: exitUsage,
		Title: "that is not an address of this stack",
		Why: "todoctl curl signs with your AWS credentials where the URL wants that, so it calls this stack's own URL and nothing else. " +
			"The address of another stack needs its name, and one of another place needs curl.",
		Do: []remedy{
			{"Give the path alone.", "todoctl curl /"},
			{"Or name the stack.", "todoctl curl / --stack Chat"},
		},
	},
}

// runEntries are about a run as a whole.
var runEntries = []entry{
	{
		ID: "TODO-RUN-01", Exit: exitInterrupted,
		Title: "stopped",
		Why: "You stopped the run, with Ctrl-C, by an answer, or by closing the terminal. Calls that were under way were waited for, " +
			"so what is said to exist does exist. What stands at AWS is all that counts: the next run looks at it and goes on from what is there.",
		Do: []remedy{
			{"Continue.", "todoctl up"},
			{"Or take away what there is.", "todoctl down"},
		},
	},
	{
		ID: "TODO-RUN-02", Exit: exitInterrupted,
		Title: "stopped at once",
		Cause: "a call that was under way may still take effect; another run looks first",
		Why: "The second Ctrl-C ends todoctl in the middle of a call. AWS may have received it and may carry it out a moment later. " +
			"That does no harm: every run begins by looking, and down first gives AWS half a minute to show what was made last.",
		Do: []remedy{{"See what there is, a minute later.", "todoctl status"}},
	},
	{
		ID: "TODO-RUN-03", Exit: exitFailed,
		Title: "stopped after 15 minutes of work",
		Why: "A walkthrough takes half a minute of work; the time in which a question waits for you does not count. " +
			"After fifteen minutes something hangs that no other limit has seen, and waiting longer would not help.",
		Do: []remedy{
			{"See how far it came.", "todoctl status"},
			{"Continue.", "todoctl up"},
			{"Show each call to AWS, to see which one hangs.", "todoctl up --debug"},
		},
	},
	{
		ID: "TODO-RUN-04", Exit: exitFailed,
		Title: "another todoctl is at work on this stack",
		Cause: "one at a time; this one has changed nothing",
		Why: "Two runs on one stack would be in each other's way, and what one shows you would not hold when you answer. " +
			"It may be an open question in another window. The lock belongs to the running program: when that ends, also by a crash, the lock is free.",
		Do: []remedy{
			{"Answer or stop the other one, then run this again.", ""},
			{"Looking is always possible.", "todoctl status"},
		},
	},
	{
		ID: "TODO-RUN-05", Exit: exitFailed,
		Title: "todoctl made a mistake of its own; sorry",
		Why: "The program met something that its authors thought impossible, and stopped instead of going on with a wrong picture. " +
			"The error names the place in the program and holds none of your data.",
		Do: []remedy{
			{"Run it again: it looks first, then continues.", "todoctl up"},
			{"Report the place that the error names, and the version.", "todoctl version"},
		},
	},
	{
		ID: "TODO-RUN-06", Exit: exitFailed,
		Title: "AWS did not get there in time",
		Cause: "what was made so far stays, and another run continues from here",
		Why: "AWS accepts a change at once and carries it out later: a table is CREATING, a function is Pending, a policy spreads. " +
			"todoctl looks again until it is true, for as long as that usually takes and some more. This time it took longer.",
		Do: []remedy{
			{"Run it again in a minute; it continues.", "todoctl up"},
			{"Look whether AWS itself has trouble.", "https://health.aws.amazon.com/health/status"},
		},
	},
	{
		ID: "TODO-RUN-07", Exit: exitFailed,
		Title: "somebody else changed a resource in the meantime; nothing was overwritten",
		Why: "Between todoctl's look and its change, another program or a person in the console changed the same resource. " +
			"AWS noticed, because todoctl said what it had seen, and refused the change.",
		Do: []remedy{
			{"See what it is now.", "todoctl status"},
			{"Run it again; it decides anew.", "todoctl up"},
		},
	},
	{
		ID: "TODO-RUN-08", Exit: exitFailed,
		Title: "somebody else has deleted what this step was working on",
		Why: "The resource was there when the run began and was deleted while it was at work, in the console or by another program; " +
			"a `down` on another machine does that.",
		Do: []remedy{
			{"See what there is now.", "todoctl status"},
			{"Make what is missing.", "todoctl up"},
		},
	},
	{
		ID: "TODO-RUN-09", Exit: exitFailed,
		Title: "AWS gave up on a resource",
		Why: "AWS took the change, worked on it, and then put the resource into a failed state. The error shows the reason that AWS gives. " +
			"It is rare, and most often a key or a role was removed while it was needed.",
		Do: []remedy{
			{"See what differs.", "todoctl status"},
			{"Run it again; it repairs what can be repaired.", "todoctl up"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html",
	},
	{
		ID: "TODO-RUN-10", Exit: exitFailed,
		Title: "a step needs another one that does not exist",
		Why: "The steps build on each other: the function needs the role, the URL needs the function. " +
			"`up` makes them in order; a step that is run by itself makes only itself.",
		Do: []remedy{
			{"Make the step that is missing first.", "todoctl role"},
			{"Or let all of them be made.", "todoctl up"},
		},
	},
	{
		ID: "TODO-RUN-11", Exit: exitFailed,
		Title: "the result could not be printed",
		Why: "The work is done, but the program or file that should get the result takes no more: a full disk, or a pipe that was closed. " +
			"A script must not take that for success.",
		Do: []remedy{{"Make room, or print to the terminal, and run it again; what is done is not done twice.", "todoctl status"}},
	},
	{
		ID: "TODO-RUN-12", Exit: exitFailed,
		Title: "something of todoctl's is still there",
		Why: "After removing, `down` looks at AWS once more, by name and by tag, and found a resource of this stack. " +
			"Something made it anew meanwhile, or AWS has not finished deleting it. What is left may cost money.",
		Do: []remedy{{"Run it again; it removes what is left.", "todoctl down"}},
	},
	{
		ID: "TODO-RUN-13", Exit: exitFailed,
		Title: "AWS refused a call",
		Why: "AWS understood the call and said no, for a reason of this account or resource that todoctl has no words of its own for. " +
			"The error shows AWS's sentence, its code, and the number of the request, which AWS's support can look up.",
		Do: []remedy{
			{"Show the call that was refused.", "todoctl up --debug"},
			{"See what there is.", "todoctl status"},
		},
		Link: "https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html",
	},
	{
		ID: "TODO-RUN-14", Exit: exitFailed,
		Title: "something unexpected went wrong",
		Why:   "todoctl knows no more about it than the error says. Nothing was done after it.",
		Do: []remedy{
			{"Show each call to AWS.", "todoctl up --debug"},
			{"Run it again; it looks first.", "todoctl up"},
		},
	},
	{
		ID: "TODO-RUN-15", Exit: exitFailed,
		Title: "a file could not be read or written",
		Why:   "The operating system refused it; the error names the file and the reason: it does not exist, it may not be read, or the disk is full.",
		Do:    []remedy{{"Look at the file and the room on the disk.", "df -h ."}},
	},
	{
		ID: "TODO-RUN-16", Exit: exitInterrupted,
		Title: "nothing was written",
		Why:   "You answered no. Nothing was changed.",
		Do:    []remedy{{"Run it again when you want to.", ""}},
	},
}
