package main

// logEntries are about reading what the function writes.
var logEntries = []entry{
	{
		ID: "TODO-LOG-01", Exit: exitFailed,
		Title: "there is no function, and no log",
		Why: "Nothing of step 3 is in this account and Region: it was not made, it was taken away with its log, " +
			"or it is in another Region or of another stack.",
		Do: []remedy{
			{"Make it.", "todoctl up"},
			{"Or name the Region and the stack where it is.", "todoctl logs --region us-east-1 --stack Chat"},
		},
	},
	{
		ID: "TODO-LOG-02", Exit: exitFailed,
		Title: "the function has no log group",
		Cause: "somebody deleted it, and with it what the function had written",
		Why: "todoctl makes the log group before the function. It is not there any more, and the least policy does not allow the function to make another, " +
			"so what it writes now is lost.",
		Do: []remedy{
			{"Make it again; what was in it is gone.", "todoctl function"},
			{"Then call the API, and read.", "todoctl logs -f"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
	},
}
