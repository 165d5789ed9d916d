package main

// tableEntries are about step 1.
var tableEntries = []entry{
	{
		ID: "TODO-TABLE-01", Exit: exitForeign,
		Title: "the table was not made by todoctl",
		Cause: causeForeign,
		Why:   "A table of this name was in the account and Region before: an earlier try by hand, another course, a colleague. " + whyForeign,
		Do: []remedy{
			{"Use other names, and leave this table alone.", "todoctl up --stack Mine"},
			{"See its tags and when it was made.", "aws dynamodb describe-table --table-name TodoTable"},
			{"Take it over on purpose, after todoctl has shown what would change.", "todoctl table --adopt"},
		},
	},
	{
		ID: "TODO-TABLE-02", Exit: exitFailed,
		Title: "the table has another key than the handler needs",
		Cause: "a table's key cannot be changed, and todoctl does not delete a table to make it anew",
		Why: "Each item is found by its partition key, which is chosen when a table is made and stays for ever. The handler's is id, a string. " +
			"This table has another one, or a sort key besides; ID and id are two names.",
		Do: []remedy{
			{"Use another table.", "todoctl up --stack Mine"},
			{"If nothing in it is needed, delete it and let todoctl make it.", "aws dynamodb delete-table --table-name TodoTable"},
		},
		Link: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html",
	},
	{
		ID: "TODO-TABLE-03", Exit: exitFailed,
		Title: "the table is protected against deletion",
		Cause: "somebody switched that on, and todoctl does not switch it off by itself",
		Why: "Deletion protection makes DynamoDB refuse to delete a table until it is switched off. todoctl never switches it on, so a person wanted the items to stay. " +
			"`down` finds it out before it removes anything.",
		Do: []remedy{
			{"Ask who wanted it. Then switch it off.", "aws dynamodb update-table --table-name TodoTable --no-deletion-protection-enabled"},
			{"And run it again.", "todoctl down"},
		},
		Link: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html",
	},
	{
		ID: "TODO-TABLE-04", Exit: exitFailed,
		Title: "AWS is still at work on the table, so nothing was written",
		Why:   "The table is being made, changed or deleted at this moment, and items that are written now may be lost. It takes seconds.",
		Do:    []remedy{{"Run it again in a minute.", "todoctl restore FILE"}},
	},
	{
		ID: "TODO-TABLE-05", Exit: exitFailed,
		Title: "the table does not exist",
		Why: "A backup is put back into the stack's table, and there is none in this account and Region. " +
			"Perhaps it is in another Region, or of another stack.",
		Do: []remedy{
			{"Make it.", "todoctl up"},
			{"Or name the Region and the stack where it is.", "todoctl restore FILE --region us-east-1 --stack Chat"},
		},
	},
	{
		ID: "TODO-TABLE-06", Exit: exitFailed,
		Title: "the table's capacity is used up",
		Cause: "5 units a second are what keeps the table free; somebody uses all of them now",
		Why: "The table takes five writes of up to 1 KB and reads of 20 KB a second. What comes beyond is refused, not billed: that is what keeps it free. " +
			"todoctl waited and tried again, and something else, such as a stranger at the public URL, took all there was.",
		Do: []remedy{
			{"See the load.", "todoctl status"},
			{"Run it again later.", "todoctl restore FILE"},
			{"Close the URL, if it is a stranger's load.", "todoctl url --auth iam"},
		},
		Link: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/provisioned-capacity-mode.html",
	},
	{
		ID: "TODO-TABLE-07", Exit: exitFailed,
		Title: "stopped before anything was made",
		Cause: "the tables of this Region already use the free capacity, and you chose not to go on",
		Why: "All tables and indexes of a Region together have 25 read and 25 write units free. Others use so much of them that this table's five would be billed, " +
			"about $2.85 a month.",
		Do: []remedy{
			{"Use another Region; each has its own 25.", "todoctl up --region eu-west-1"},
			{"Or see which tables there are, and delete what is not needed.", "aws dynamodb list-tables"},
		},
		Link: "https://aws.amazon.com/dynamodb/pricing/provisioned/",
	},
	{
		ID: "TODO-TABLE-08", Exit: exitFailed,
		Title: "the table is there, and DynamoDB says that it has no such table to read",
		Cause: "what it holds is not known, so it stays",
		Why: "Two calls of DynamoDB contradict each other: one shows the table as ready, the other cannot read it. It passes, as a rule. " +
			"As long as todoctl cannot read the items, it does not delete them.",
		Do: []remedy{{"Run it again in a minute.", "todoctl down"}},
	},
}

// roleEntries are about step 2.
var roleEntries = []entry{
	{
		ID: "TODO-ROLE-01", Exit: exitForeign,
		Title: "the role was not made by todoctl",
		Cause: causeForeign,
		Why: "A role of this name was in the account before. Roles belong to the whole account and not to a Region, " +
			"so the same stack in another Region has it already. " + whyForeign,
		Do: []remedy{
			{"Use other names.", "todoctl up --stack Mine"},
			{"See its tags and who may take it.", "aws iam get-role --role-name LambdaTodoRole"},
			{"Take it over on purpose, after todoctl has shown what would change.", "todoctl role --adopt"},
		},
	},
	{
		ID: "TODO-ROLE-02", Exit: exitFailed,
		Title: "the role has something that todoctl did not put there",
		Cause: "nothing of the role was removed; take that off the role, then run this again",
		Why: "IAM deletes a role only when nothing is attached to it. Somebody has attached a policy or an instance profile to this one, " +
			"which may be needed elsewhere, so todoctl leaves the role whole.",
		Do: []remedy{
			{"See what is attached.", "aws iam list-attached-role-policies --role-name LambdaTodoRole"},
			{"Take off what the error names.", "aws iam detach-role-policy --role-name LambdaTodoRole --policy-arn ARN"},
			{"And run it again.", "todoctl down"},
		},
		Link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage_delete.html",
	},
	{
		ID: "TODO-ROLE-03", Exit: exitFailed,
		Title: "Lambda cannot take the role",
		Cause: "IAM has not spread the new role yet, or its trust does not name Lambda",
		Why: "A new role takes 5 to 15 seconds to be known everywhere. Until then Lambda answers that it cannot be assumed, and todoctl waits. " +
			"After this long it is something else: somebody changed whom the role trusts, or a policy of the organization forbids it.",
		Do: []remedy{
			{"Look at the role and repair it.", "todoctl role"},
			{"Then continue.", "todoctl up"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",
	},
	{
		ID: "TODO-ROLE-04", Exit: exitFailed,
		Title: "the role has a path, and the function needs one without",
		Cause: "a role's path cannot be changed",
		Why: "Roles can be sorted into paths, like /course/, which become part of their ARN. This one was taken over with such a path, " +
			"and the rest of the stack expects it under its plain name.",
		Do: []remedy{
			{"Use other names.", "todoctl up --stack Mine"},
			{"Or delete the role, if nothing needs it, and let todoctl make it.", "aws iam delete-role --role-name LambdaTodoRole"},
		},
	},
}

// urlEntries are about step 4.
var urlEntries = []entry{
	{
		ID: "TODO-URL-01", Exit: exitFailed,
		Title: "the URL answers 403: it lets nobody in",
		Why: "Since October 2025 a public Function URL needs two statements in the function's policy: one for lambda:InvokeFunctionUrl and one for lambda:InvokeFunction " +
			"with the condition lambda:InvokedViaFunctionUrl. With one of them every request gets a 403, also where the authorization is NONE. " +
			"A new statement takes some seconds to spread.",
		Do: []remedy{
			{"See which of the two is missing.", "todoctl status"},
			{"Add it.", "todoctl url"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
	},
	{
		ID: "TODO-URL-02", Exit: exitFailed,
		Title: "Access-Control-Allow-Origin is set twice, so browsers refuse the answer",
		Why: "The URL adds the CORS headers by itself, and your code adds them too. curl shows no harm; a browser says that the header " +
			"contains multiple values '*, *', but only one is allowed. CORS belongs to the URL alone.",
		Do: []remedy{
			{"Take the Access-Control- headers out of your code and deploy it.", "todoctl up --source my-api"},
			{"Count the header again.", "todoctl test"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html",
	},
	{
		ID: "TODO-URL-03", Exit: exitFailed,
		Title: "the URL answers 429: too many requests at once",
		Why: "More requests came at the same time than the account runs functions at once (10 in a new account), or the function's own limit is 0, which switches it off. " +
			"Requests beyond it are refused and not billed.",
		Do: []remedy{
			{"See the load and the limit.", "todoctl status"},
			{"Switch a function on again whose limit is 0.", "aws lambda delete-function-concurrency --function-name TodoHandler"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html",
	},
	{
		ID: "TODO-URL-04", Exit: exitFailed,
		Title: "Access-Control-Allow-Origin is missing, so browsers refuse the answer",
		Why: "A web page may read an answer of another site only when that says so in this header. The URL adds it when its CORS settings allow an origin; " +
			"somebody changed or removed them. curl shows no harm.",
		Do:   []remedy{{"Set them as they should be.", "todoctl url"}},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html",
	},
	{
		ID: "TODO-URL-05", Exit: exitCredentials,
		Title: "the URL takes signed requests only, and refuses yours",
		Why: "The request was signed with your credentials. Either they may not call the URL, which since October 2025 takes lambda:InvokeFunctionUrl and lambda:InvokeFunction both, " +
			"or AWS could not verify the signature; its answer says which.",
		Do: []remedy{
			{"Read the answer.", "todoctl curl"},
			{"Ask for the statement UrlSigned of docs/operator-policy.json.", ""},
			{"Or open the URL to everybody.", "todoctl url --auth none"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
	},
}

// testEntries are about step 5.
var testEntries = []entry{
	{
		ID: "TODO-TEST-01", Exit: exitFailed,
		Title: "the API does not answer as it should",
		Why: "The test asks as a web page would and looks at the status, the content type, the CORS header and the list. One of them is not as it should be; " +
			"the lines above the error name it. With code of your own that may be what you want.",
		Do: []remedy{
			{"See whether all is as it should be.", "todoctl status"},
			{"Repair what is not.", "todoctl up"},
		},
	},
	{
		ID: "TODO-TEST-02", Exit: exitFailed,
		Title: "there is no Function URL to test yet",
		Why:   "The URL is step 4. It was not made, or it is in another Region or of another stack.",
		Do:    []remedy{{"Make what is missing.", "todoctl up"}},
	},
	{
		ID: "TODO-TEST-03", Exit: exitFailed,
		Title: "no answer comes from the Function URL",
		Why: "The calls to AWS go through and those to the URL do not: a filter or a proxy of your network does not let *.on.aws pass, " +
			"or the name of the new URL is not known to your name service yet.",
		Do: []remedy{
			{"Ask again a minute later.", "todoctl test"},
			{"Ask it by hand, with the address that status shows.", "curl -i URL"},
			{"Try it from another network, such as a phone's.", ""},
		},
	},
	{
		ID: "TODO-TEST-04", Exit: exitFailed,
		Title: "the API answers with an error",
		Why: "--fail was given, so that an answer of 400 and above is a failure. Below 500 the request is not what the API takes, and its answer says why; " +
			"from 500 on the function failed, and its log says why.",
		Do: []remedy{
			{"See whether the API itself is in order.", "todoctl test"},
			{"Read the log.", "aws logs tail /aws/lambda/TodoHandler --since 10m"},
		},
	},
	{
		ID: "TODO-TEST-05", Exit: exitFailed,
		Title: "the body is larger than 6 MB, which is all that Lambda takes",
		Why:   "A request to a function may have 6 MB. The to-do API itself takes much less.",
		Do:    []remedy{{"Send less.", "todoctl curl -d '{\"task\": \"Buy groceries\"}'"}},
		Link:  "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
	},
}

// alarmEntries are about step 6.
var alarmEntries = []entry{
	{
		ID: "TODO-ALARM-01", Exit: exitForeign,
		Title: "the alarm, its topic or the budget was not made by todoctl",
		Cause: causeForeign,
		Why:   "One of the three had this name in the account before. " + whyForeign,
		Do: []remedy{
			{"Use other names.", "todoctl up --stack Mine"},
			{"Do all the rest.", "todoctl up --skip alarm"},
			{"Take it over on purpose, after todoctl has shown what would change.", "todoctl alarm --adopt"},
		},
	},
	{
		ID: "TODO-ALARM-02", Hint: true,
		Title: "the budget is left alone: AWS does not let you see billing information",
		Why: "Even an administrator is refused billing information until the account's root user has switched on \"IAM user and role access to Billing information\". " +
			"Everything else goes on without the budget.",
		Do: []remedy{
			{"As the root user: Account, IAM user and role access to Billing information, Activate.", "https://console.aws.amazon.com/billing/home#/account"},
			{"Then make the budget.", "todoctl alarm"},
		},
		Link: "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/control-access-billing.html",
	},
	{
		ID: "TODO-ALARM-03", Hint: true,
		Title: "the alarm stays at INSUFFICIENT_DATA",
		Why: "The alarm watches a figure that AWS sends only when \"Receive CloudWatch billing alerts\" is ticked, by hand, once in the account. " +
			"Until then there is no data, and it never rings. The first figure comes some 15 minutes later.",
		Do:   []remedy{{"Tick it: Billing preferences, Alert preferences.", "https://console.aws.amazon.com/billing/home#/preferences"}},
		Link: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html",
	},
	{
		ID: "TODO-ALARM-04", Hint: true,
		Title: "the mail that confirms the alarm's subscription was not answered",
		Why: "SNS sends mail to an address only after its owner has clicked the link in \"AWS Notification - Subscription Confirmation\". " +
			"The link is good for 48 hours; after that AWS forgets the subscription. It may lie among the spam.",
		Do: []remedy{
			{"Open the mail and click its link.", ""},
			{"Or have it sent again.", "todoctl alarm --email you@example.com"},
		},
		Link: "https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html",
	},
	{
		ID: "TODO-ALARM-05", Hint: true,
		Title: "nobody is told when a bill comes",
		Why:   "The alarm and the budget stand, and no address was given, so that both tell nobody.",
		Do:    []remedy{{"Name one.", "todoctl alarm --email you@example.com"}},
	},
}

// What all resources of a foreign name have in common.
const (
	causeForeign = "todoctl only changes what it made itself, and knows that by the tag todoctl:stack"
	whyForeign   = "todoctl marks what it makes with the tag todoctl:stack, and neither changes nor deletes anything else."
)
