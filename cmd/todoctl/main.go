// Command todoctl replays a book's serverless walkthrough from the terminal:
// a DynamoDB table, an IAM role, a Lambda function, its public URL, a
// test and a billing alarm, on AWS or on the AWS inside the program.
//
// main.go and app.go are where the operating system comes in; everything else
// takes what it needs from App.
package main

// version is set by the release's linker flags.
var version = "dev"

func main() { host(Main) }
