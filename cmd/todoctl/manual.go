package main

import "github.com/spf13/cobra"

// A lesson is what the help and the man page say of a command. The texts stand
// together here, so that they are written, read and changed as one book; a test
// demands a lesson of every command.
type lesson struct {
	short    string // capital, no full stop
	long     string // paragraphs: what it does, why, what it never does, and what it does when run again
	examples []example
	exits    []int // the codes that it can end with; what they mean stands in exits
	alone    bool  // it speaks to no AWS, so most of what all commands have does nothing here
}

// An example is what one gets, and what to type for it.
type example struct{ outcome, command string }

// What a command that speaks to AWS can end with, what one can that only looks,
// and what one can that stays on this machine.
var (
	acting  = []int{exitDone, exitFailed, exitUsage, exitDiffers, exitCredentials, exitForeign, exitInterrupted}
	looking = []int{exitDone, exitFailed, exitUsage, exitDiffers, exitCredentials, exitInterrupted}
	simple  = []int{exitDone, exitFailed, exitUsage}
	running = []int{exitDone, exitFailed, exitUsage, exitInterrupted}
	serving = []int{exitDone, exitFailed, exitUsage, exitCredentials, exitForeign, exitInterrupted}
)

// stepTitles say what a step is about, in the fewest words.
var stepTitles = map[string]string{
	"table":    "Step 1: the DynamoDB table",
	"role":     "Step 2: the IAM role",
	"function": "Step 3: the Lambda function and its log group",
	"url":      "Step 4: the public Function URL",
	"test":     "Step 5: call the API and check its answers",
	"alarm":    "Step 6: the billing alarm and the budget",
}

// eachStep is what holds for every step by itself.
const eachStep = `

It looks first. What is missing is created, what differs is repaired, what is as
it should be stays as it is, and what todoctl did not make is refused before
anything is changed. So run again, it changes nothing.`

// manual has the lessons by the command's words; "" is the program's own.
var manual = map[string]lesson{
	"": {
		short: "A free, public TODO API on AWS, one explained step at a time",
		long: `todoctl builds a first serverless backend: a DynamoDB table, an IAM role, a
Lambda function, its public URL, a test and a billing alarm. It explains
each step before it makes it, says what it costs, and takes it all away again.

With --local it does all this on an AWS inside the program: no account, no
network. There is no state file: AWS and the tag todoctl:stack say what is there,
so any command can be run again, also from another machine. What todoctl did not
make it neither changes nor deletes. It has no telemetry.`,
		examples: []example{
			{"The whole API on this machine, with no account and no cost", "todoctl up --local"},
			{"The same on your AWS account, after you have signed in", "todoctl up"},
		},
		exits: acting,
	},
	"up": {
		short: "Build it all, step by step; run again, it continues",
		long: `Looks at AWS, shows what each step would make, and asks. In a terminal each step
then has a page: what it is, why it is needed, what will be set and what that
costs. Pressing Enter to the end gives a working API. The URL goes to stdout.

Run again, it makes what is missing and repairs what differs; when all is as it
should be, it writes nothing. After Ctrl-C or a failure the same command
continues. What todoctl did not make it refuses before anything is changed,
unless --adopt takes it over.`,
		examples: []example{
			{"Your API on this machine: no account, no questions, its URL on stdout", "todoctl up --local --yes"},
			{"Your API on AWS, each step explained before it is made", "todoctl up"},
			{"The same, and a mail when a month's bill reaches 5 US dollars", "todoctl up --email you@example.com --limit 5"},
			{"Only the plan; exit code 3 when there is something to do", "todoctl up --dry-run"},
			{"A second API beside the first (ChatTable, ChatHandler and so on)", "todoctl up --stack Chat"},
		},
		exits: acting,
	},
	"status": {
		short: "Show what exists, what differs and what it costs",
		long: `Looks at every step and changes nothing: what exists, what is not as it should
be, how much of the free allowances is used this month, what it costs now, and at
worst if a stranger calls the URL all day. The report goes to stdout.

What you are not allowed to look at is named and left out. Run it as often as you
like: exit code 3 says that something is missing or differs.`,
		examples: []example{
			{"Each step in a line, the free allowances, the costs", "todoctl status"},
			{"The same as one JSON document, for a program", "todoctl status --output json"},
		},
		exits: looking,
	},
	"down": {
		short: "Take it all away, and prove that nothing is left",
		long: `Lists what todoctl made, offers a backup of the items, and asks for the stack's
name. Then it removes the URL first and the table last, and looks at AWS again, by
name and by tag.

At every moment there is the table or a whole backup, unless --discard-data gives
the items up. What todoctl did not make stays. It goes on past a step that fails,
because what is left may cost money; run again, it takes away the rest. Right after
a run that did not come to its end it waits up to 30 seconds before it looks, since
AWS may show late what was made last.`,
		examples: []example{
			{"All of it gone, after questions about the items and the name", "todoctl down"},
			{"All of it gone and the items in a new file, with no questions", "todoctl down --yes --backup items.jsonl"},
			{"All of it gone, the items too", "todoctl down --yes --discard-data"},
			{"Only the list of what would go", "todoctl down --dry-run"},
		},
		exits: acting,
	},
	"table": {
		short: stepTitles["table"],
		long: `A table with the partition key id, in provisioned capacity: 5 read and 5 write
units. The always-free allowance covers that mode, with 25 units of each for all
tables of a Region together. The console's default, on-demand, is not in it.

--index adds an index with 5 and 5 units of its own, from which the handler lists
the newest items first; --index none takes it away, and no item with it. On a table
that is there, AWS takes up to 17 minutes to build one.` + eachStep,
		examples: []example{
			{"Lists that read the newest items only", "todoctl table --index"},
			{"The table, made or repaired on this machine", "todoctl table --local --yes"},
			{"What differs between the table on AWS and the one it should be", "todoctl table --dry-run"},
		},
		exits: acting,
	},
	"role": {
		short: stepTitles["role"],
		long: `A role that only the Lambda service can assume. It may work with the items of
this one table and write to this one log group. --policy tutorial attaches the two
broad managed policies of the book instead.` + eachStep,
		examples: []example{
			{"The role, made or repaired on this machine", "todoctl role --local --yes"},
			{"The book's two managed policies in place of the narrow one", "todoctl role --policy tutorial"},
		},
		exits: acting,
	},
	"function": {
		short: stepTitles["function"],
		long: `The code that answers requests, with 256 MB and 5 seconds, and its log group,
made first and kept for 7 days: log groups that Lambda makes by itself never
expire. Unchanged code is not uploaded again. It needs the role.

--runtime says in which language it is: Python, JavaScript (nodejs24.x), or Go,
which your own Go builds; the first time that downloads its modules. What was
chosen is remembered. Your own code says by its files what it is.

Code that was changed in the console since stays, and that is said; to replace it,
--replace-code.` + eachStep,
		examples: []example{
			{"The function with todoctl's own code", "todoctl function"},
			{"The function with yours, from the folder my-api", "todoctl function --source my-api"},
			{"The same, and again after each save, until Ctrl-C", "todoctl function --source my-api --watch"},
			{"The same function in JavaScript", "todoctl function --runtime nodejs24.x"},
		},
		exits: acting,
	},
	"url": {
		short: stepTitles["url"],
		long: `A public HTTPS address for the function, with CORS set on the URL and nowhere
else, and both statements that a public URL needs in the function's policy: with
one of them every request is answered 403. It needs the function.` + eachStep,
		examples: []example{
			{"An address that everybody can call who has it", "todoctl url"},
			{"The same address, closed to all but signed requests", "todoctl url --auth iam"},
		},
		exits: acting,
	},
	"test": {
		short: stepTitles["test"],
		long: `Calls the Function URL as a browser on another site would, and checks the status,
the body, the content type and that there is exactly one CORS header. The list of
items goes to stdout.

It only reads, however often it is run, unless --post asks for a new item. It
repairs nothing; todoctl up does.`,
		examples: []example{
			{"The items as JSON, when the API answers as it should", "todoctl test --local"},
			{"\"Buy groceries\" added first, and then the items", "todoctl test --post"},
		},
		exits: acting,
	},
	"alarm": {
		short: stepTitles["alarm"],
		long: `Two guards on the bill, in us-east-1, where billing data is: a CloudWatch alarm
with an SNS topic for its mail, and an AWS Budgets budget that counts usage before
credits. Neither stops spending; both only tell. SNS sends a mail to be confirmed
before it sends any other.` + eachStep,
		examples: []example{
			{"A mail when a month's bill reaches 1 US dollar", "todoctl alarm --email you@example.com"},
			{"A mail from 5 US dollars on, and the budget alone", "todoctl alarm --email you@example.com --limit 5 --guard budget"},
		},
		exits: acting,
	},
	"curl": {
		short: "Call the API, signed where its URL wants that",
		long: `Sends one request to the stack's Function URL and prints the body of the answer. It
needs no curl and knows curl's letters. When the URL takes signed requests only,
it signs with the credentials that todoctl uses, so that no secret stands in a
command line. PATH is / or /ID, with a query if wanted, or a whole address of this
stack. Redirects are shown and not followed.

--data makes it a POST, @FILE reads a file and @- stdin, byte by byte. What is JSON is sent
as application/json, unless --header says something else. An answer of 400 and above
has its status on stderr and still ends with 0, as with curl, unless --fail is given.`,
		examples: []example{
			{"The list of to-dos", "todoctl curl"},
			{"A new one", "todoctl curl -d '{\"task\": \"Buy groceries\"}'"},
			{"One that is done", "todoctl curl /ID -X PUT -d '{\"completed\": true}'"},
			{"One less", "todoctl curl /ID -X DELETE"},
			{"Status, headers and body as one JSON document", "todoctl curl --output json"},
		},
		exits: acting,
	},
	"logs": {
		short: "Show what the function wrote, and how its requests went",
		long: `Prints the lines of the function's log, the newest last. What Lambda itself notes of
a request becomes one line: done or failed, how long it took, how much of that was
a cold start, its memory, and its id. --raw leaves everything as it is in the log.
The times are UTC. Lines come a few seconds after they were written.

It only reads, and reading costs nothing: AWS's price is for what a function
writes, which is free up to 5 GB a month. It needs no function any more: the log
is there for as long as its group.`,
		examples: []example{
			{"The newest 100 lines of all that is kept", "todoctl logs"},
			{"What is written from now on, until Ctrl-C", "todoctl logs -f"},
			{"All that belongs to one request", "todoctl logs --request 8f5c2b1a"},
			{"The failures of the last hour, for a program", "todoctl logs --since 1h --output jsonl | grep '\"level\":\"error\"'"},
		},
		exits: []int{exitDone, exitFailed, exitUsage, exitCredentials, exitInterrupted},
	},
	"open": {
		short: "Use the to-do list on a web page",
		long: `Serves a small web page on 127.0.0.1 and opens it in the browser. Its address goes
to stdout. The page adds, ticks, renames and deletes tasks, and sends its requests
straight to the Function URL: another origin, so what it shows is your CORS
settings at work. A URL with --auth iam it reaches through todoctl, which signs.

It changes nothing in AWS but the items that you change on the page. It stays until
Ctrl-C, which is its proper end. Without a terminal, or with --no-browser, it opens
nothing.`,
		examples: []example{
			{"The list of the API on this machine, in your browser", "todoctl open --local"},
			{"The one on AWS, its page's address on a port of your choice", "todoctl open --no-browser --port 8080"},
		},
		exits: serving, // Ctrl-C at the page is its proper end
	},
	"explain": {
		short: "What an error means, and what helps",
		long: `Every error of todoctl ends with an id. With it, explain says what happened, why,
and what to do; without one it lists them all. It asks nobody: no account, no
network and no local AWS are needed.`,
		examples: []example{
			{"One of them at length: why it happens, and what helps", "todoctl explain TODO-CRED-01"},
			{"All of them, with a line each", "todoctl explain"},
		},
		exits: simple,
		alone: true,
	},
	"restore": {
		short: "Put a backup's items back into the table",
		long: `Reads the whole backup and checks its count and checksum before it writes
anything. Then it writes the items to the stack's table. An item with the same id
is overwritten; nothing is deleted. Run again, it writes the same items again.`,
		examples: []example{
			{"The items that todoctl down has saved, in the table again", "todoctl restore items.jsonl"},
			{"How many they are and where they would go, without writing", "todoctl restore items.jsonl --dry-run"},
		},
		exits: acting,
	},
	"handler": {
		short: "Print the code that runs in Lambda",
		long: `Prints the code of the function to stdout, to be read. It changes nothing and
needs no account. To change the code, write it to a folder with eject, and deploy
that folder with --source. --runtime takes it in another language.`,
		examples: []example{
			{"The code, as it is deployed", "todoctl handler"},
			{"The same in JavaScript", "todoctl handler --runtime nodejs24.x"},
			{"A copy to change, in the new folder my-api", "todoctl handler eject my-api"},
			{"Your own code in place of it", "todoctl up --source my-api"},
		},
		exits: simple,
		alone: true,
	},
	"handler eject": {
		short:    "Write the code to a folder, to be changed",
		long:     `Writes the code to a folder, which is made when it is missing. A file that is there already is never overwritten, so your changes are safe when it is run again.`,
		examples: []example{{"my-api/lambda_function.py, to be changed", "todoctl handler eject my-api"}},
		exits:    simple,
		alone:    true,
	},
	"handler pull": {
		short: "Fetch the code that runs now into a folder",
		long: `Downloads the function's package from Lambda and unpacks it into a folder: what was
changed in the console, for instance, before you put other code in its place. It
changes nothing on AWS, and never overwrites a file.`,
		examples: []example{
			{"What runs in Lambda now, in the new folder changed", "todoctl handler pull changed"},
			{"The files that there are, without writing them", "todoctl handler pull changed --dry-run"},
		},
		exits: []int{exitDone, exitFailed, exitUsage, exitCredentials, exitInterrupted},
	},
	"local": {
		short: "Run the AWS inside this program by hand",
		long: `The local AWS starts by itself with the first --local command and stops after two
idle hours. These commands run it by hand, to look inside or for other tools. It
keeps its data on this machine and sends nothing anywhere: no mail is sent, and
alarms do not ring.`,
		examples: []example{
			{"Whether it runs, where, and how other tools reach it", "todoctl local status"},
			{"Each call in a line as it arrives, until Ctrl-C", "todoctl local serve"},
		},
		exits: simple,
		alone: true,
	},
	"local start": {
		short:    "Start it in the background",
		long:     `Starts the local AWS behind the terminal, on 127.0.0.1 only. When it is running already, it says so and changes nothing. --lag says how long tables, roles and functions take to be ready; to change that, stop it first.`,
		examples: []example{{"A local AWS on which everything is ready at once", "todoctl local start --lag none"}},
		exits:    running,
		alone:    true,
	},
	"local stop": {
		short:    "Stop it; its data stays",
		long:     `Stops the local AWS. What was made in it stays, and is there again with the next --local command. When it is not running, it says so.`,
		examples: []example{{"No local AWS in the background any more", "todoctl local stop"}},
		exits:    running,
		alone:    true,
	},
	"local status": {
		short:    "Say whether it runs, where, and what was called",
		long:     `Says whether the local AWS runs and what functions run in, counts the calls since it started, and prints the environment variables with which other tools reach it. It never starts it.`,
		examples: []example{{"Its address, its data's place, and lines for other tools", "todoctl local status"}},
		exits:    running,
		alone:    true,
	},
	"local serve": {
		short:    "Run it in front and print each call as it arrives",
		long:     `Runs the local AWS in this terminal and prints a line for each call: when, which operation, the answer's code and how long it took. A λ marks a call that your function made. Ctrl-C stops it, and its data stays.`,
		examples: []example{{"Each call in a line, on a port of your choice", "todoctl local serve --port 4566"}},
		exits:    simple, // Ctrl-C is its proper end
		alone:    true,
	},
	"completion": {
		short: "Print what makes a shell complete todoctl",
		long: `Prints a script with which the Tab key completes commands, flags, steps, values,
profiles, Regions and the names of your stacks. For those it looks at AWS, or with
--local at this machine, for two seconds at most; it never asks, and it never
starts the local AWS.`,
		examples: completionExamples,
		exits:    simple,
		alone:    true,
	},
	"man": {
		short:    "Write the manual pages to a folder",
		long:     `Writes a manual page for todoctl and one for each command, with what --help says and the topics of todoctl help. Run again, for instance with a newer todoctl, it replaces them.`,
		examples: []example{{"Then man todoctl-up explains todoctl up", "todoctl man ~/.local/share/man/man1"}},
		exits:    simple,
		alone:    true,
	},
	"version": {
		short:    "Print todoctl's version",
		long:     `Prints the version and that of the Go with which it was built, for a report of a mistake. It looks for no newer one.`,
		examples: []example{{"One line, such as todoctl 1.0.0 go1.26", "todoctl version"}},
		exits:    simple,
		alone:    true,
	},
	"help": {
		short: "Explain a command or a topic",
		long:  `Prints what a command's --help prints, or a topic that concerns all commands: ` + either(values(topicChoices)) + `.`,
		examples: []example{
			{"What todoctl down does and what it promises", "todoctl help down"},
			{"What each exit code means, for a script", "todoctl help exit-codes"},
		},
		exits: simple,
		alone: true,
	},
}

// tellAll gives the commands their entries.
func tellAll(root *cobra.Command) {
	for _, cmd := range allCommands(root) {
		cmd.Flags().SortFlags, cmd.PersistentFlags().SortFlags = false, false // the order has a sense
		if e, ok := manual[pathOf(cmd)]; ok {
			cmd.Short, cmd.Long = e.short, e.long
		}
	}
}
