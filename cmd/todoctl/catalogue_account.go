package main

// credEntries are about who signs the calls.
var credEntries = []entry{
	{
		ID: "TODO-CRED-01", Exit: exitCredentials,
		Title: "no AWS credentials were found",
		Cause: "todoctl looks where the AWS CLI looks: environment variables, profiles, `aws login`",
		Why: "AWS must know who asks. todoctl has no password of yours; it uses the sign-in that the AWS CLI keeps on this machine, " +
			"and there is none: no AWS_ACCESS_KEY_ID with its secret in the environment, no keys in the profile, no `aws login`. " +
			"You need no account to begin: --local does all six steps on this machine.",
		Do: []remedy{
			{"Rehearse without an account.", "todoctl up --local"},
			{"Sign in through the browser (AWS CLI 2.32 or newer). No keys are stored.", "aws login"},
			{"See what the AWS CLI finds.", "aws configure list"},
		},
		Link: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html",
	},
	{
		ID: "TODO-CRED-02", Exit: exitCredentials,
		Title: "your AWS sign-in has expired",
		Why: "A sign-in through the browser gives credentials for some hours, twelve at most, and these have run out. " +
			"What was made so far stays. In a terminal todoctl waits for the new sign-in and goes on at the same call; else it ends here.",
		Do: []remedy{
			{"Sign in again, as you did before.", "aws login"},
			{"With IAM Identity Center it is this line.", "aws sso login"},
			{"Then continue.", "todoctl up"},
		},
		Link: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html",
	},
	{
		ID: "TODO-CRED-03", Exit: exitCredentials,
		Title: "AWS does not know these credentials",
		Cause: "the access key was deleted, switched off or mistyped",
		Why: "The call came with an access key that AWS has no user for. It was deleted or switched off in IAM, a character was lost when it was copied, " +
			"it is an example from a page, or it belongs to another partition (China, GovCloud).",
		Do: []remedy{
			{"See which key is used, and where it comes from.", "aws configure list"},
			{"Sign in through the browser instead of using keys.", "aws login"},
			{"See the keys of your user: IAM, Users, Security credentials.", "https://console.aws.amazon.com/iam/home#/users"},
		},
		Link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
	},
	{
		ID: "TODO-CRED-04", Exit: exitCredentials,
		Title: "AWS could not verify the signature",
		Cause: "the secret key does not belong to the access key",
		Why: "Each call is signed with the secret key, which itself is never sent. AWS knows the access key and computes another signature: " +
			"the secret was cut off, has a blank or a line's end too much, or is of another key.",
		Do: []remedy{
			{"Sign in through the browser, which leaves nothing to copy.", "aws login"},
			{"Or write both keys anew.", "aws configure"},
		},
		Link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html",
	},
	{
		ID: "TODO-CRED-05", Exit: exitCredentials,
		Title: "the AWS profile does not exist",
		Cause: "it is named by --profile or AWS_PROFILE",
		Why: "A profile is a named set of settings in ~/.aws/config and ~/.aws/credentials. There is none of this name; " +
			"upper and lower case count. Where no flag was given, the name stands in AWS_PROFILE.",
		Do: []remedy{
			{"See which profiles there are.", "aws configure list-profiles"},
			{"Use the default one.", "unset AWS_PROFILE"},
			{"Or make it, by signing in.", "aws login --profile NAME"},
		},
		Link: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html",
	},
	{
		ID: "TODO-CRED-06", Exit: exitCredentials,
		Title: "the keys in the environment win over your profile, and AWS does not take them",
		Cause: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY come before AWS_PROFILE and `aws login`",
		Why: "Somebody, perhaps a line in your shell's start-up file, has set AWS_ACCESS_KEY_ID. Every AWS tool prefers that to the profile in AWS_PROFILE " +
			"and to your sign-in. These keys are old or wrong, so AWS refuses them, and the good ones are never tried.",
		Do: []remedy{
			{"Take them out of this terminal.", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"},
			{"Or name the profile in the command line, which wins over them.", "todoctl up --profile NAME"},
			{"In PowerShell it is this line.", "Remove-Item Env:AWS_ACCESS_KEY_ID, Env:AWS_SECRET_ACCESS_KEY, Env:AWS_SESSION_TOKEN"},
			{"Find out where they are set.", "grep -n AWS_ ~/.bashrc ~/.zshrc ~/.profile"},
		},
		Link: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html",
	},
	{
		ID: "TODO-CRED-07", Exit: exitCredentials,
		Title: "the profile takes its sign-in from another one that has none",
		Cause: "its source_profile names a profile without credentials, or one that cannot lend them",
		Why: "A profile with role_arn borrows the credentials of its source_profile to take that role. " +
			"That one has no keys, or it does not exist, or it is an `aws login` session that this kind of profile cannot borrow from.",
		Do: []remedy{
			{"Sign in to the source profile itself.", "aws login --profile NAME"},
			{"Or use that profile without the role.", "todoctl up --profile NAME"},
			{"Let the AWS CLI hand the credentials over: put this line into the profile, in the place of source_profile.", "credential_process = aws configure export-credentials --profile NAME"},
		},
		Link: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html",
	},
	{
		ID: "TODO-CRED-08", Exit: exitCredentials,
		Title: "the AWS settings cannot be read",
		Cause: "~/.aws/config or ~/.aws/credentials has a line that is no setting, or may not be read",
		Why: "The two files hold sections in brackets and lines of the form key = value. One of them has something else in it, " +
			"or belongs to another user of this machine (a first `sudo aws configure` does that).",
		Do: []remedy{
			{"See who owns the files.", "ls -l ~/.aws"},
			{"Let the AWS CLI read them; it names the line.", "aws configure list"},
		},
		Link: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html",
	},
	{
		ID: "TODO-CRED-09", Exit: exitCredentials,
		Title: "the profile's credential_process gave no credentials",
		Why: "The profile names a program that should print credentials as JSON. It failed, printed something else, or is not there. " +
			"todoctl shows none of its output, because that may hold secrets.",
		Do:   []remedy{{"Run the program that the profile names by hand, and read what it says.", "aws configure get credential_process"}},
		Link: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html",
	},
	{
		ID: "TODO-CRED-10", Exit: exitCredentials,
		Title: "the AWS credentials now belong to another account",
		Cause: "no change was sent with the new ones; go back to the first account's",
		Why: "While the run was at work, the profile was changed or somebody signed in to another account in this place. " +
			"todoctl asks AWS whose new credentials are before it uses them: half a stack in each of two accounts would help nobody.",
		Do: []remedy{
			{"See whose the credentials are now.", "aws sts get-caller-identity"},
			{"Sign in to the first account again, then continue.", "todoctl up"},
		},
	},
}

// acctEntries are about the account and its Regions.
var acctEntries = []entry{
	{
		ID: "TODO-ACCT-01", Exit: exitCredentials,
		Title: "this AWS account is not active yet",
		Cause: "a new account can take some hours",
		Why: "AWS opens a new account at once and its services a little later: minutes as a rule, up to 24 hours. " +
			"A mail of AWS says when it is ready. A payment method or a phone number that was not confirmed stops it too.",
		Do: []remedy{
			{"See whether something is left to be done.", "https://portal.aws.amazon.com/billing/signup#/incomplete"},
			{"Rehearse meanwhile.", "todoctl up --local"},
		},
		Link: "https://repost.aws/knowledge-center/create-and-activate-aws-account",
	},
	{
		ID: "TODO-ACCT-02", Exit: exitUsage,
		Title: "no AWS Region is chosen",
		Cause: "neither --region, AWS_REGION nor your AWS profile names one",
		Why: "AWS is some thirty places on earth, called Regions, and a table or a function lives in one of them. " +
			"For learning any will do; one that is near you answers faster. The billing alarm is always in us-east-1.",
		Do: []remedy{
			{"Name one for this run.", "todoctl up --region us-east-1"},
			{"Or keep one for all AWS tools.", "aws configure set region us-east-1"},
		},
		Link: "https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html",
	},
	{
		ID: "TODO-ACCT-03", Exit: exitCredentials,
		Title: "this Region is not enabled for your account, or the credentials are wrong",
		Cause: "Regions that opened after March 2019 are off until somebody switches them on, and AWS answers there as if the key were unknown",
		Why: "In a Region that is switched off, AWS does not know your users, so it says that the token is invalid, although it is good elsewhere. " +
			"Switching a Region on takes some minutes and costs nothing.",
		Do: []remedy{
			{"Use a Region that is always on.", "todoctl up --region us-east-1"},
			{"Or switch it on: Account, AWS Regions.", "https://console.aws.amazon.com/billing/home#/account"},
			{"Find out whether the credentials are good.", "aws sts get-caller-identity --region us-east-1"},
		},
		Link: "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html",
	},
	{
		ID: "TODO-ACCT-04", Exit: exitUsage,
		Title: "there seems to be no such Region",
		Cause: "a Region is named like us-east-1, and this one is not known",
		Why: "A Region is named like us-east-1: part of the world, direction, number. Each service has an address with that name in it, " +
			"and this one was not found. A Region that is newer than this todoctl would have been.",
		Do: []remedy{
			{"Use one that exists.", "todoctl up --region us-east-1"},
			{"See those of your account.", "aws account list-regions"},
		},
		Link: "https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html",
	},
	{
		ID: "TODO-ACCT-05", Exit: exitFailed,
		Title: "a quota of the account is used up",
		Why: "AWS limits how many tables, roles, functions, topics or alarms an account may have, so that a mistake stays small. " +
			"The error shows which limit it is. Most can be raised, without charge, and a few cannot.",
		Do: []remedy{
			{"Delete what you do not need any more, in the console.", ""},
			{"See the quotas, and ask for more.", "https://console.aws.amazon.com/servicequotas/home"},
			{"For a learner's account another Region may be enough: most quotas count by Region.", "todoctl up --region eu-west-1"},
		},
		Link: "https://docs.aws.amazon.com/servicequotas/latest/userguide/intro.html",
	},
	{
		ID: "TODO-ACCT-06", Hint: true,
		Title: "you are signed in as the account's root user",
		Why: "The root user may do everything, closing the account too, and no policy can hold it back. The walkthrough works with it. " +
			"For every day an IAM user or role with fewer rights is safer, and root gets a second factor and no access keys.",
		Do: []remedy{
			{"See who you are.", "aws sts get-caller-identity"},
			{"Make an IAM user with the rights of docs/operator-policy.json.", "https://console.aws.amazon.com/iam/home#/users"},
		},
		Link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html",
	},
	{
		ID: "TODO-ACCT-07", Hint: true,
		Title: "the account's free plan ends",
		Why: "Accounts since July 2025 may be on the free plan. It ends after six months or when the credits are used up, whichever is first; " +
			"then AWS closes the account and erases what is in it after 90 days. Creating an AWS Organization, which IAM Identity Center may ask for, " +
			"ends the plan and its credits at once.",
		Do: []remedy{
			{"See the plan, and the credits that are left.", "todoctl status"},
			{"Change to the paid plan, which has the same free allowances.", "https://console.aws.amazon.com/billing/home#/freetier"},
		},
		Link: "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/free-tier-plans.html",
	},
	{
		ID: "TODO-ACCT-08", Hint: true,
		Title: "a new account runs few functions at once",
		Why: "Most accounts may run 1,000 functions at once in a Region, new ones 10. That also bounds what strangers can cost you. " +
			"With 10, nothing can be reserved for one function: AWS answers that the account's unreserved concurrency would fall below its minimum. " +
			"The limit grows by itself with use, or on request.",
		Do: []remedy{
			{"See the limit.", "aws lambda get-account-settings"},
			{"Ask for more: Service Quotas, AWS Lambda, Concurrent executions.", "https://console.aws.amazon.com/servicequotas/home/services/lambda/quotas"},
		},
		Link: "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
	},
}

// iamEntries are about what the signed-in identity may do.
var iamEntries = []entry{
	{
		ID: "TODO-IAM-01", Exit: exitCredentials,
		Title: "your AWS identity may not do this",
		Why: "In AWS everything is forbidden that no policy allows. The error names the action that is missing, such as dynamodb:CreateTable, and the resource. " +
			"docs/operator-policy.json lists all actions that todoctl needs, for this stack alone. What was made before stays, and the next run continues.",
		Do: []remedy{
			{"See who you are.", "aws sts get-caller-identity"},
			{"Ask the account's administrator for what docs/operator-policy.json allows.", ""},
			{"Then continue.", "todoctl up"},
		},
		Link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
	},
	{
		ID: "TODO-IAM-02", Exit: exitCredentials,
		Title: "a policy of your organization or account forbids this",
		Why: "An explicit deny wins over every permission, so asking for more permissions does not help. It stands in a service control policy of the organization, " +
			"in a permissions boundary, or in a policy of your own user. Schools and companies forbid Regions or public URLs that way.",
		Do: []remedy{
			{"Ask who administers the account, with the sentence that AWS gave.", ""},
			{"Another Region may be allowed.", "todoctl up --region us-east-1"},
			{"Or rehearse on this machine.", "todoctl up --local"},
		},
		Link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
	},
	{
		ID: "TODO-IAM-03", Exit: exitCredentials,
		Title: "your AWS identity may not hand the role to Lambda",
		Why: "The function works with the rights of its role. Whoever gives a role to a function gives those rights away, so that has a permission of its own, " +
			"iam:PassRole, on the role. It is the one that is forgotten most often: making the role and making the function are both allowed, and together they fail.",
		Do: []remedy{
			{"Ask for iam:PassRole on the role, for the service lambda.amazonaws.com: the statement is in docs/operator-policy.json.", ""},
			{"Then continue.", "todoctl function"},
		},
		Link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
	},
	{
		ID: "TODO-IAM-04", Exit: exitCredentials,
		Title: "that nothing is left could not be proved: AWS let this user look at some of it only",
		Cause: "what could be looked at is gone",
		Why: "At its end `down` looks at AWS once more, by name and by tag. Some of those looks were not allowed, so todoctl does not say that all is gone. " +
			"What it deleted before is deleted.",
		Do: []remedy{
			{"Ask for what docs/operator-policy.json allows, and let it look again.", "todoctl down"},
			{"Or look yourself: the resources with the tag todoctl:stack.", "https://console.aws.amazon.com/resource-groups/tag-editor/find-resources"},
		},
	},
}
