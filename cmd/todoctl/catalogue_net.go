package main

// netEntries are about what lies between this machine and AWS.
var netEntries = []entry{
	{
		ID: "TODO-NET-01", Exit: exitFailed,
		Title: "AWS's address could not be found",
		Cause: "the network or its name service (DNS) is not reachable",
		Why: "Names such as dynamodb.us-east-1.amazonaws.com are looked up in the name service of your network. It did not answer, or knows no such name: " +
			"the Wi-Fi is gone, a VPN is half connected, or a filter blocks the name. todoctl tried for some time before it said so.",
		Do: []remedy{
			{"See whether any web page opens; switch the VPN off and on.", ""},
			{"Look the name up by hand.", "nslookup sts.us-east-1.amazonaws.com"},
			{"Continue when the network is back.", "todoctl up"},
		},
	},
	{
		ID: "TODO-NET-02", Exit: exitFailed,
		Title: "no connection to AWS",
		Cause: "the network is down, or something between here and there refuses",
		Why: "The address is known and the connection was refused or broken off again and again: a firewall, a VPN, or an endpoint in AWS_ENDPOINT_URL where nobody listens. " +
			"A call whose answer was lost may have taken effect; the next run looks first.",
		Do: []remedy{
			{"See whether AWS is meant to be somewhere else.", "env | grep AWS_ENDPOINT_URL"},
			{"Try the connection by hand.", "curl -I https://sts.us-east-1.amazonaws.com"},
			{"Continue when the network is back.", "todoctl up"},
		},
	},
	{
		ID: "TODO-NET-03", Exit: exitFailed,
		Title: "what answers is not AWS, or its answers are cut off",
		Cause: "a network's sign-in page or a proxy stands between here and AWS: open any web page, and sign in there",
		Why: "Hotels, trains and schools answer everything with a page of their own until you have agreed to their terms. " +
			"todoctl asked AWS and got a page, or half an answer. Nothing of that was believed.",
		Do: []remedy{
			{"Open a page without encryption in the browser, and sign in.", "http://neverssl.com"},
			{"Then continue.", "todoctl up"},
		},
	},
	{
		ID: "TODO-NET-04", Exit: exitFailed,
		Title: "no answer in time",
		Cause: "the network is very slow, or AWS is",
		Why: "The connection stands and no answer came, several times in a row. " +
			"A call that was sent may have taken effect; the next run looks first.",
		Do: []remedy{
			{"Run it again.", "todoctl up"},
			{"Look whether AWS itself has trouble.", "https://health.aws.amazon.com/health/status"},
		},
	},
	{
		ID: "TODO-NET-05", Exit: exitCredentials,
		Title: "this machine's clock is wrong, so AWS takes no signature from it",
		Cause: "a signature is good for five minutes around AWS's own time",
		Why: "Each call is signed together with the time, so that nobody can send it again later. Your clock differs from AWS's by more than five minutes: " +
			"the battery is flat, a virtual machine or WSL slept, or the time was set by hand in the wrong zone.",
		Do: []remedy{
			{"See the time in UTC and compare it with the one of a phone.", "date -u"},
			{"Let the machine set it: Linux.", "sudo timedatectl set-ntp true"},
			{"macOS.", "sudo sntp -sS time.apple.com"},
			{"WSL.", "sudo hwclock -s"},
		},
		Link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html",
	},
	{
		ID: "TODO-NET-06", Exit: exitFailed,
		Title: "AWS asks to call less often",
		Cause: "too many calls in a short time, of all programs of this account together; todoctl has waited and tried again",
		Why: "Each service limits how often an account may call it. todoctl makes few calls, waits longer after each refusal and tried eight times; " +
			"so something else in the account calls all the time, or the limit is very low.",
		Do: []remedy{
			{"Run it again in a minute; it continues.", "todoctl up"},
			{"Make the calls one after another.", "todoctl up --parallel 1"},
		},
		Link: "https://docs.aws.amazon.com/general/latest/gr/api-retries.html",
	},
	{
		ID: "TODO-NET-07", Exit: exitFailed,
		Title: "AWS has a fault of its own",
		Cause: "todoctl has tried several times; what was made so far stays",
		Why: "AWS answered with an internal error, again and again. It is not of your making and passes, within minutes as a rule. " +
			"A call may have taken effect all the same; the next run looks first.",
		Do: []remedy{
			{"Look whether AWS knows of it.", "https://health.aws.amazon.com/health/status"},
			{"Run it again later; it continues.", "todoctl up"},
		},
	},
	{
		ID: "TODO-NET-08", Exit: exitFailed,
		Title: "the certificate of what answers is not trusted",
		Cause: "a company's proxy opens encrypted connections with a certificate of its own, or somebody else's machine answers in AWS's place",
		Why: "AWS proves who it is with a certificate. The one that came was issued by nobody whom this machine trusts. " +
			"In a company that is the proxy, whose certificate the AWS tools must be told of. Anywhere else, do not go on: somebody reads along.",
		Do: []remedy{
			{"Name the file with the company's certificate; its administrators have it.", "export AWS_CA_BUNDLE=/path/to/company-ca.pem"},
			{"Try another network.", ""},
		},
		Link: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html",
	},
	{
		ID: "TODO-NET-09", Exit: exitFailed,
		Title: "the proxy does not answer",
		Cause: "HTTPS_PROXY or HTTP_PROXY names it",
		Why: "The environment sends all connections through a proxy, and no connection to that comes about. " +
			"It is needed in the company's network and is not there at home, or its address has changed.",
		Do: []remedy{
			{"See what is set.", "env | grep -i _proxy"},
			{"Do without it in this terminal.", "unset HTTPS_PROXY HTTP_PROXY https_proxy http_proxy"},
		},
		Link: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html",
	},
}

// localEntries are about the AWS on this machine.
var localEntries = []entry{
	{
		ID: "TODO-LOCAL-01", Exit: exitFailed,
		Title: "the local AWS could not be started",
		Why: "The first --local command starts the local AWS in the background and waits for its answer. It ended, or did not answer in 15 seconds; " +
			"the error shows its last words. A virus scanner that looks at each new program can be the reason.",
		Do: []remedy{{"Run it in front, where all that it says is seen.", "todoctl local serve"}},
	},
	{
		ID: "TODO-LOCAL-02", Exit: exitFailed,
		Title: "the local AWS does not answer any more",
		Cause: "it was stopped, or it ended; its data stays",
		Why: "Something ended the local AWS while a command was at work with it: `todoctl local stop` in another window, a killed process, a machine that ran out of memory. " +
			"Nothing listens on its port any more. Every change that was answered is in its store.",
		Do: []remedy{{"Run the command again; it starts the local AWS and continues.", "todoctl up --local"}},
	},
	{
		ID: "TODO-LOCAL-03", Exit: exitFailed,
		Title: "the local AWS's data is damaged",
		Cause: "nothing was written to it; move it aside, and the next --local begins with an empty account",
		Why: "The file with the rehearsal's tables and functions is not as todoctl wrote it: the disk was full, the power was cut, or another program changed it. " +
			"It is looked through at each start, so that no half of it is taken for the whole. Nothing on real AWS is concerned.",
		Do: []remedy{
			{"Move the folder that the error names aside; the error has the line.", ""},
			{"Then begin anew.", "todoctl up --local"},
		},
	},
	{
		ID: "TODO-LOCAL-04", Exit: exitFailed,
		Title: "the folder of the local AWS cannot be used",
		Cause: "the local AWS keeps its data there",
		Why: "todoctl keeps the rehearsal in a folder of your home. It could not be made, read or written: it belongs to somebody else, " +
			"a file is in its place, the home is read-only, or the disk is full.",
		Do: []remedy{
			{"Keep it elsewhere.", "TODOCTL_STATE=$HOME/todoctl-state todoctl up --local"},
			{"See the room on the disk.", "df -h ~"},
		},
	},
	{
		ID: "TODO-LOCAL-05", Exit: exitFailed,
		Title: "the state folder belongs to another user of this machine",
		Cause: "todoctl keeps its local AWS where nobody else can read or change it",
		Why: "The folder or a file in it was made by somebody else, by a `sudo todoctl` for example. Whoever owns it could read your rehearsal " +
			"and could have your functions run code of theirs, so todoctl does not touch it.",
		Do: []remedy{
			{"Use a folder of your own.", "TODOCTL_STATE=$HOME/todoctl-state todoctl up --local"},
			{"Or take it back, if it was you.", "sudo chown -R \"$USER\" ~/.local/state/todoctl"},
		},
	},
	{
		ID: "TODO-LOCAL-06", Exit: exitFailed,
		Title: "a local AWS is running already",
		Why:   "One store belongs to one local AWS at a time. One is at work with it, in the background or in another window.",
		Do: []remedy{
			{"See it.", "todoctl local status"},
			{"Stop it; its data stays.", "todoctl local stop"},
		},
	},
	{
		ID: "TODO-LOCAL-07", Exit: exitFailed,
		Title: "the port cannot be used",
		Why: "Another program listens on this port of the machine, or the operating system keeps it for itself (those under 1024). " +
			"Without --port the local AWS takes one that is free.",
		Do: []remedy{
			{"Let it choose.", "todoctl local serve"},
			{"See who has the port: Linux and macOS.", "lsof -i :8000"},
		},
	},
	{
		ID: "TODO-LOCAL-08", Exit: exitFailed,
		Title: "the local AWS did not stop",
		Why: "It was asked to stop and either did not take that, or still answered 15 seconds later. " +
			"It may be busy, be stopped by Ctrl-Z, or be that of another todoctl.",
		Do: []remedy{
			{"See its process number.", "todoctl local status"},
			{"End the process by its number; what it answered is in its store.", "kill PID"},
		},
	},
	{
		ID: "TODO-LOCAL-09", Exit: exitFailed,
		Title: "the disk under the local AWS is full",
		Cause: "it could not write the change, so it did not make it; what was answered before is safe",
		Why:   "Each change is on the disk before it is answered, and there is no room for another. The change that failed was not made.",
		Do: []remedy{
			{"See the room on the disk.", "df -h ~"},
			{"Make room and run the command again, or keep the local AWS elsewhere.", "TODOCTL_STATE=/other/disk/todoctl todoctl up --local"},
		},
	},
	{
		ID: "TODO-LOCAL-10", Exit: exitFailed,
		Title: "the local AWS does not have this operation",
		Why: "The local AWS has what the tutorial needs and some more. What it does not have it refuses by name, so that a rehearsal never seems to have worked. " +
			"todoctl itself calls nothing else; another tool, or AWS_ENDPOINT_URL in your environment, does.",
		Do: []remedy{
			{"See what points at it.", "env | grep AWS_ENDPOINT_URL"},
			{"Take it out, to speak to AWS itself.", "unset AWS_ENDPOINT_URL"},
		},
	},
	{
		ID: "TODO-LOCAL-11", Exit: exitFailed,
		Title: "your own code needs python3 with boto3 on this machine",
		Cause: "without it the local AWS can only run todoctl's own handler, as a Go twin",
		Why: "Lambda brings Python and boto3, AWS's library for it. On this machine your own python3 must have them: none was found, it is older than Python 3, " +
			"or it has no boto3. On AWS itself you need neither.",
		Do: []remedy{
			{"See what there is.", "python3 -c 'import sys, boto3; print(sys.version, boto3.__version__)'"},
			{"Install the library.", "python3 -m pip install --user boto3"},
			{"Where pip calls the environment externally managed, make one of your own, and stay in this terminal.", "python3 -m venv ~/todo-venv && . ~/todo-venv/bin/activate && pip install boto3"},
			{"Let the local AWS look again.", "todoctl local stop"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/python-package.html",
	},
	{
		ID: "TODO-LOCAL-12", Exit: exitFailed,
		Title: "your own code needs Node.js on this machine",
		Cause: "without it the local AWS can only run todoctl's own handler, as a Go twin",
		Why: "Lambda brings Node.js, and AWS's SDK v3 for it. On this machine your own node must run the code; the SDK may lie in its folder, in NODE_PATH, " +
			"or where npm installs for everybody. On AWS itself you need neither.",
		Do: []remedy{
			{"See what there is.", "node --version"},
			{"Install the SDK for everybody.", "npm install --global @aws-sdk/client-dynamodb"},
			{"Let the local AWS look again.", "todoctl local stop"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html",
	},
}
