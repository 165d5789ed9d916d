package main

// fnEntries are about step 3.
var fnEntries = []entry{
	{
		ID: "TODO-FN-01", Exit: exitForeign,
		Title: "the function or its log group was not made by todoctl",
		Cause: causeForeign,
		Why:   "A function of this name, or a log group that Lambda once made for one, was in the account and Region before. " + whyForeign,
		Do: []remedy{
			{"Use other names.", "todoctl up --stack Mine"},
			{"See the function and its tags.", "aws lambda get-function --function-name TodoHandler"},
			{"Take it over on purpose, after todoctl has shown what would change.", "todoctl function --adopt"},
		},
	},
	{
		ID: "TODO-FN-02", Exit: exitUsage,
		Title: "the folder with your code cannot be opened",
		Why:   "--source names the folder that holds your lambda_function.py. There is no such folder from where you are, or it is a file.",
		Do: []remedy{
			{"Write the default code into a folder, to begin with.", "todoctl handler eject my-api"},
			{"And deploy it.", "todoctl up --source my-api"},
		},
	},
	{
		ID: "TODO-FN-03", Exit: exitUsage,
		Title: "the folder has no handler that Lambda would find",
		Why: "Lambda looks at the top of the folder: for the function lambda_handler(event, context) in lambda_function.py, for the export handler in index.mjs " +
			"(or index.js, index.cjs), or for a Go program with its go.mod. " +
			"Without it every request would end in a 502, so todoctl looks before it uploads. A folder in the folder is the usual reason.",
		Do: []remedy{
			{"See what the default looks like.", "todoctl handler"},
			{"Or write it out, to compare.", "todoctl handler eject another-folder"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html",
	},
	{
		ID: "TODO-FN-04", Exit: exitUsage,
		Title: "the folder is larger than what Lambda takes",
		Why: "Lambda takes 50 MB in one upload, as a zip, and 250 MB of files in it. Data, or the libraries of another machine, were in the folder. " +
			"boto3 need not be there: Lambda brings it. Caches, .git, .venv and node_modules of another language are left out as it is.",
		Do:   []remedy{{"See what is large.", "du -sh my-api/* | sort -h"}},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
	},
	{
		ID: "TODO-FN-05", Exit: exitFailed,
		Title: "the function fails: its URL answers 5xx",
		Cause: "the code crashes, takes longer than 5 seconds, or Lambda does not find its handler; its log says which",
		Why: "A 502 of the URL means that the function ran and did not answer well. Its log says why. \"Task timed out\": it took longer than its limit. " +
			"\"Runtime.ImportModuleError\" or \"Runtime.HandlerNotFound\": the file or function has another name. A Python traceback: the code crashed; " +
			"KeyError: 'httpMethod' and \"Decimal is not JSON serializable\" are the usual ones. AccessDenied in it: the role's policy has not spread yet, or lacks something.",
		Do: []remedy{
			{"Read what the function says.", "todoctl logs --since 10m"},
			{"See whether all is as it should be.", "todoctl status"},
			{"Mend your code and deploy it.", "todoctl up --source my-api"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html",
	},
	{
		ID: "TODO-FN-06", Exit: exitFailed,
		Title: "a file of the code is there already, and todoctl does not overwrite it",
		Why:   "`handler eject` writes the default code to be changed. What is there may be what you have changed before.",
		Do:    []remedy{{"Write it to another folder.", "todoctl handler eject another-folder"}},
	},
	{
		ID: "TODO-FN-07", Exit: exitFailed,
		Title: "the function takes longer than its limit: its URL answers 502",
		Cause: "its limit is 5 seconds",
		Why: "Lambda ends a function that runs longer than its timeout, and bills the whole of it. The usual reasons: it waits for something that never answers, " +
			"it reads a table that has grown large, or boto3 tries a throttled table again and again.",
		Do: []remedy{
			{"Read what the function says before it is ended.", "todoctl logs --since 10m"},
			{"See whether the table is throttled.", "todoctl status"},
			{"Mend your code and deploy it.", "todoctl up --source my-api"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html",
	},
	{
		ID: "TODO-FN-08", Exit: exitFailed,
		Title: "Lambda cannot load the function's code: its URL answers 502",
		Cause: "a module that it imports is not in the folder, or its code has a syntax error",
		Why: "Before the first request Lambda imports lambda_function.py. That failed: it imports a library that is not in the folder (only boto3 is there already), " +
			"a line is no Python, or the function has another name.",
		Do: []remedy{
			{"Read which import or line it is.", "todoctl logs --since 10m"},
			{"Put a library that is missing beside your code.", "python3 -m pip install --target my-api NAME"},
			{"And deploy it.", "todoctl up --source my-api"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/python-package.html",
	},
	{
		ID: "TODO-FN-09", Exit: exitFailed,
		Title: "the function's role may not do what the code tries",
		Cause: "the role's policy has not spread yet, or the code needs more than the six calls that it allows",
		Why: "The function works with the rights of its role and not with yours. LambdaTodoRole may read and write the items of its one table, and nothing else. " +
			"A new policy takes some seconds to count.",
		Do: []remedy{
			{"Read which action it is.", "todoctl logs --since 10m"},
			{"Put the role's policy right.", "todoctl role"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",
	},
	{
		ID: "TODO-FN-10", Exit: exitFailed,
		Title: "the function's code was changed outside todoctl",
		Cause: "somebody has changed it in the console or with another tool, and todoctl does not overwrite that by itself",
		Why: "todoctl notes the hash of what it uploads in the tag todoctl:sha256, and what runs has another one. " +
			"Such code exists nowhere else, perhaps: the console has no versions of it. So it stays until you say that it may go.",
		Do: []remedy{
			{"Get a copy of what runs now.", "todoctl handler pull changed"},
			{"Put your folder in its place.", "todoctl function --source my-api --replace-code"},
			{"Or todoctl's own handler.", "todoctl function --replace-code"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html",
	},
	{
		ID: "TODO-FN-11", Exit: exitFailed,
		Title: "there is no function whose code could be fetched or replaced",
		Why: "`handler pull` fetches what runs in Lambda, and `--watch` replaces it after each save. The function of this stack is not in this account and Region: " +
			"it was never made, or somebody has taken it away meanwhile.",
		Do: []remedy{
			{"Make it.", "todoctl up"},
			{"Or read todoctl's own handler, which needs no account.", "todoctl handler"},
		},
	},
	{
		ID: "TODO-FN-12", Exit: exitFailed,
		Title: "the function's code could not be fetched",
		Cause: "its package is damaged, too large, or names files outside its folder",
		Why: "Lambda keeps the code as a zip, and this one cannot be unpacked safely. todoctl writes no file outside the folder that you name, " +
			"and none that is there already.",
		Do: []remedy{
			{"Try it once more.", "todoctl handler pull another-folder"},
			{"Or download it in the console: Code, Download.", "https://console.aws.amazon.com/lambda/home"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html",
	},
	{
		ID: "TODO-FN-13", Exit: exitUsage,
		Title: "Python cannot read the code",
		Why: "The Python of this machine finds a syntax error, and Lambda's would find it too: each request would end in a 502, with Runtime.UserCodeSyntaxError in the log. " +
			"So nothing is uploaded, and what ran before goes on.",
		Do: []remedy{
			{"Mend the line that the error names, and deploy it.", "todoctl function --source my-api"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html",
	},
	{
		ID: "TODO-FN-14", Exit: exitFailed,
		Title: "the folder cannot be watched",
		Cause: "the system has no more watches, or the folder is on a disk that tells of no changes",
		Why: "--watch asks the operating system to tell it of changes. It is deployed already; only the watching does not work here. " +
			"Linux has a limit on how many folders are watched, and network disks tell of nothing.",
		Do: []remedy{
			{"Deploy each change by hand.", "todoctl function --source my-api"},
			{"On Linux, see the limit.", "cat /proc/sys/fs/inotify/max_user_watches"},
		},
	},
	{
		ID: "TODO-FN-15", Exit: exitFailed,
		Title: "there is no Go on this machine to build the function with",
		Cause: "the program go was not found",
		Why: "With --runtime go the function is a program. todoctl brings its source, and your own Go makes of it what Lambda starts. " +
			"The other runtimes need no compiler.",
		Do: []remedy{
			{"Install Go from https://go.dev/dl, and see that it is found.", "go version"},
			{"Or take a runtime that needs none.", "todoctl up --runtime python3.12"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html",
	},
	{
		ID: "TODO-FN-16", Exit: exitFailed,
		Title: "this machine's Go is too old to build the function",
		Why: "The program's go.mod says which version of Go it needs, because of the libraries that it uses. A newer Go fetches that version by itself, " +
			"unless GOTOOLCHAIN=local forbids it.",
		Do: []remedy{
			{"See which version there is.", "go version"},
			{"Install a newer one from https://go.dev/dl, or take a runtime that needs none.", "todoctl up --runtime python3.12"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html",
	},
	{
		ID: "TODO-FN-17", Exit: exitFailed,
		Title: "the Go program could not be built",
		Why: "Your Go found something wrong in the code, or could not fetch a module that it needs: that takes the network once. " +
			"What it said stands above; nothing of the function was changed.",
		Do: []remedy{
			{"Build it yourself, to see all of it.", "cd my-api && go build ."},
			{"Write out the default, to compare.", "todoctl handler eject another-folder --runtime go"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html",
	},
	{
		ID: "TODO-FN-18", Exit: exitUsage,
		Title: "the function runs your own code, which is in another language than this runtime",
		Why: "A runtime runs code of its own language only, and todoctl does not put its own handler in the place of yours unasked. " +
			"Bring your code in that language, or leave the runtime as it is.",
		Do: []remedy{
			{"Bring code in the new language.", "todoctl up --runtime nodejs24.x --source my-api"},
			{"Or begin with todoctl's.", "todoctl handler eject another-folder --runtime nodejs24.x"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
	},
}
