package local_test

import (
	"encoding/json"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"todoctl/local"
)

// machineNode finds the machine's Node.js with the AWS SDK, as todoctl does: in
// NODE_PATH, or where npm installs for everybody.
func machineNode(t *testing.T) *local.Node {
	t.Helper()
	out, err := exec.Command("node", "-p", `const {dirname, join} = require("path")
const sdk = require.resolve("@aws-sdk/client-dynamodb/package.json", {paths: [join(dirname(process.execPath), "..", "lib")]})
JSON.stringify({Path: process.execPath, Version: process.versions.node, SDK: require(sdk).version, Modules: dirname(dirname(dirname(sdk)))})`).Output()
	if err != nil {
		t.Skip("Node.js with the AWS SDK v3 is not on this machine (NODE_PATH says where that is); Python's and the Go twin's tests still run")
	}
	var n local.Node
	if err := json.Unmarshal(out, &n); err != nil {
		t.Fatal(err)
	}
	return &n
}

// newChildBench is a local AWS on sockets whose function F is this code, in
// whatever this machine has.
func newChildBench(t *testing.T, runtime types.Runtime, handler string, code []byte, change func(*lambda.CreateFunctionInput)) (b *lambdaBench, stop func()) {
	t.Helper()
	return newChildBenchOn(t, func(c *local.Config) {
		switch {
		case strings.HasPrefix(string(runtime), "python"):
			python := machinePython(t)
			c.Python = func() *local.Python { return python }
		case strings.HasPrefix(string(runtime), "nodejs"):
			node := machineNode(t)
			c.Node = func() *local.Node { return node }
		}
	}, runtime, handler, code, change)
}

// newChildBenchOn does so on a machine that has this.
func newChildBenchOn(t *testing.T, has func(*local.Config), runtime types.Runtime, handler string, code []byte, change func(*lambda.CreateFunctionInput)) (b *lambdaBench, stop func()) {
	t.Helper()
	b = newLambdaBench(t, func(c *local.Config) {
		c.Listen = func(addr string) (net.Listener, error) { return net.Listen("tcp", addr) }
		has(c)
	})
	stop = sync.OnceFunc(b.serve())
	t.Cleanup(stop)
	in := lambdaInput(b.role(), code)
	in.Runtime, in.Handler = runtime, aws.String(handler)
	if change != nil {
		change(in)
	}
	if _, err := b.lambda.CreateFunction(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return b, stop
}

func newNodeBench(t *testing.T, files map[string]string, handler string, change func(*lambda.CreateFunctionInput)) *lambdaBench {
	t.Helper()
	b, _ := newChildBench(t, types.RuntimeNodejs24x, handler, lambdaZip(t, files), change)
	return b
}

func TestNodeRunsTheHandler(t *testing.T) {
	b := newNodeBench(t, map[string]string{"index.mjs": `
let count = 0;
console.info('while it starts');
export const handler = async (event, context) => {
  console.log('printed %d', event.n, { a: 1 });
  console.error('in\ntwo lines');
  process.stdout.write('no newline');
  return { n: event.n, count: ++count, name: context.functionName, memory: context.memoryLimitInMB, version: context.functionVersion,
    arn: context.invokedFunctionArn, group: context.logGroupName, id: context.awsRequestId.length, left: context.getRemainingTimeInMillis() !== 0, stream: context.logStreamName.includes('[$LATEST]'), 'ü': 'ö' };
};`}, "index.handler", nil)
	for _, n := range []string{"1", "2"} {
		payload, fault := b.invoke(`{"n": ` + n + `}`)
		want := `{"n":` + n + `,"count":` + n + `,"name":"F","memory":"256","version":"$LATEST","arn":"arn:aws:lambda:eu-central-1:000000000000:function:F","group":"/aws/lambda/F","id":36,"left":true,"stream":true,"ü":"ö"}`
		if fault != "" || payload != want {
			t.Errorf("%s %s, want %s", fault, payload, want)
		}
	}
	log := b.log()
	for _, want := range []string{
		`^INIT_START Runtime Version: nodejs:\d+\.\d+\.\d+\.local\t`, `\n\S+Z\tundefined\tINFO\twhile it starts\nSTART `, `Z\t\S{36}\tINFO\tprinted 1 \{ a: 1 \}\n`,
		`Z\t\S{36}\tERROR\tin\ntwo lines\n`, `\nno newline\nEND `, `Init Duration: `,
	} {
		if !regexp.MustCompile(want).MatchString(log) {
			t.Errorf("the log has no %s:\n%s", want, log)
		}
	}
	if strings.Count(log, "Init Duration") != 1 || strings.Count(log, "printed") != 2 {
		t.Errorf("the log is\n%s", log)
	}
	if r := b.server.Runner(lambdaRegion, "F"); !regexp.MustCompile(`^node \d+\.\S+ with the AWS SDK 3\.\S+$`).MatchString(r) {
		t.Errorf("the runner is %q", r)
	}
}

// What Lambda finds, and what it calls what it does not.
func TestNodeFindsTheHandlerAsLambdaDoes(t *testing.T) {
	es, common := `export const handler = async () => "here"`, `exports.handler = async () => "here"`
	for _, c := range []struct {
		name, handler string
		files         map[string]string
		kind, message string // "" for an answer
	}{
		{"an ES module", "index.handler", map[string]string{"index.mjs": es}, "", ""},
		{"CommonJS", "index.handler", map[string]string{"index.cjs": common}, "", ""},
		{"plain .js is CommonJS", "index.handler", map[string]string{"index.js": common}, "", ""},
		{"plain .js under a package of modules", "index.handler", map[string]string{"index.js": es, "package.json": `{"type": "module"}`}, "", ""},
		{"a handler that is not async", "index.handler", map[string]string{"index.js": `exports.handler = () => "here"`}, "", ""},
		{"in a folder, in an object", "src/app.api.handler", map[string]string{"src/app.mjs": `export const api = { handler: async () => "here" }`}, "", ""},
		{"a module of its own", "index.handler", map[string]string{"index.mjs": `import { say } from "mine"; export const handler = async () => say`, "node_modules/mine/package.json": `{"main": "m.js"}`, "node_modules/mine/m.js": `exports.say = "here"`}, "", ""},
		{"the SDK, both ways", "index.handler", map[string]string{"index.mjs": `import { DynamoDBClient } from "@aws-sdk/client-dynamodb"; import { createRequire } from "node:module"
const { GetItemCommand } = createRequire(import.meta.url)("@aws-sdk/client-dynamodb"); export const handler = async () => DynamoDBClient && GetItemCommand && "here"`}, "", ""},
		{"no file", "index.handler", map[string]string{"other.mjs": es}, "Runtime.ImportModuleError", "Cannot find module 'index'"},
		{"no module", "index.handler", map[string]string{"index.mjs": `import "nowhere"`}, "Runtime.ImportModuleError", "Cannot find package 'nowhere'"},
		{"a typing mistake", "index.handler", map[string]string{"index.mjs": `export const = 1`}, "Runtime.UserCodeSyntaxError", "SyntaxError: "},
		{"another name", "index.handler", map[string]string{"index.mjs": `export const other = 1`}, "Runtime.HandlerNotFound", "index.handler is undefined or not exported"},
		{"no function", "index.handler", map[string]string{"index.mjs": `export const handler = 1`}, "Runtime.HandlerNotFound", "index.handler is not a function"},
		{"no dot", "index", map[string]string{"index.mjs": es}, "Runtime.MalformedHandlerName", "Bad handler"},
		{"a callback", "index.handler", map[string]string{"index.js": `exports.handler = (event, context, callback) => callback(null, 1)`}, "Runtime.CallbackHandlerDeprecated", "async function"},
		{"a failing module", "index.handler", map[string]string{"index.mjs": `null.x`}, "TypeError", "Cannot read properties of null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newNodeBench(t, c.files, c.handler, nil)
			b.tells(c.kind, c.message)
		})
	}
}

// tells checks F's answer: "here", or an error and the 502 that the URL makes of it.
func (b *lambdaBench) tells(kind, message string) {
	b.t.Helper()
	payload, fault := b.invoke("{}")
	if kind == "" {
		if payload != `"here"` || fault != "" {
			b.t.Errorf("%s %s\n%s", fault, payload, b.log())
		}
		return
	}
	var said struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal([]byte(payload), &said); err != nil {
		b.t.Fatal(err)
	}
	if fault != "Unhandled" || said.ErrorType != kind || !strings.Contains(said.ErrorMessage, message) {
		b.t.Errorf("%s %s, want %s %s", fault, payload, kind, message)
	}
	if log := b.log(); !strings.Contains(log, kind) {
		b.t.Errorf("the log has no %q:\n%s", kind, log)
	}
	url := b.url(nil)
	if res, body := b.send("GET", url, ""); res.StatusCode != 502 || body != "Internal Server Error" {
		b.t.Errorf("the URL: %d %s", res.StatusCode, body)
	}
}

func TestNodeTellsWhatWentWrong(t *testing.T) {
	for _, c := range []struct{ name, body, kind, message string }{
		{"an exception", `throw new RangeError('no')`, "RangeError", "no"},
		{"a rejection", `return Promise.reject(new Error('no'))`, "Error", "no"},
		{"what is no error", `throw 'no'`, "string", "no"},
		{"an exit", `process.exit(3)`, "Runtime.ExitError", "Runtime exited with error: exit status 3"},
		{"a rejection that nobody handles", `Promise.reject(new Error('late')); await new Promise(() => {})`, "Runtime.UnhandledPromiseRejection", "Error: late"},
		{"an exception that nobody handles", `setTimeout(() => { throw new TypeError('late') }, 1); await new Promise(() => {})`, "TypeError", "late"},
		{"no JSON", `return 1n`, "Runtime.JSONStringifyError", "Unable to stringify response body"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newNodeBench(t, map[string]string{"index.mjs": `export const handler = async (event) => { if (event.well) return 'well'; ` + c.body + ` }`}, "index.handler", nil)
			b.tells(c.kind, c.message)
			if payload, fault := b.invoke(`{"well": true}`); payload != `"well"` || fault != "" {
				t.Errorf("afterwards: %s %s", fault, payload)
			}
		})
	}
}

// Whatever a client asks for, it talks to the local AWS, and with the function's
// role. What is no client of AWS finds no such name.
func TestNodeCannotReachAWS(t *testing.T) {
	b := newNodeBench(t, map[string]string{"index.mjs": `
delete process.env.AWS_ENDPOINT_URL; // as an old SDK passes it over
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import https, { get } from 'node:https';
import dns from 'node:dns/promises';
import tls from 'node:tls';
import { connect } from 'node:http2';
const port = Number(process.env.AWS_LAMBDA_RUNTIME_API.match(/:(\d+)/)[1]);
const failed = (p) => p.then(() => 'reached it', (e) => e.cause?.code ?? e.code);
const event = (emitter) => new Promise((resolve, reject) => emitter.once('error', reject).once('connect', resolve));
const status = (start) => new Promise((resolve, reject) => start((r) => { r.resume(); resolve(r.statusCode + ' ' + (r.socket.remotePort === port)); }).on('error', reject));
export const handler = async () => ({
  clients: (await Promise.all([{}, { region: 'us-east-1' }, { endpoint: 'https://dynamodb.us-east-1.amazonaws.com' }].map(
    (config) => new DynamoDBClient(config).send(new ListTablesCommand()).then((r) => r.TableNames)))),
  plain: [await status((f) => get('https://sts.us-east-1.amazonaws.com/', f)), await status((f) => https.request('https://abc.lambda-url.us-east-1.on.aws/', {}, f).end())],
  refused: await Promise.all([failed(fetch('https://sts.amazonaws.com/')), failed(dns.lookup('STS.amazonaws.com.')), failed(event(tls.connect(443, 'sts.amazonaws.com'))),
    failed(event(connect('https://bedrock.us-east-1.amazonaws.com'))), failed(fetch('http://169.254.169.254/latest/meta-data/'))]),
});`}, "index.handler", nil)
	if err := lagTable(t, b); err != nil {
		t.Fatal(err)
	}
	payload, fault := b.invoke("{}")
	want := `{"clients":[["Table"],[],["Table"]],"plain":["403 true","403 true"],"refused":["ENOTFOUND","ENOTFOUND","ENOTFOUND","ENOTFOUND","ENOTFOUND"]}`
	if payload != want || fault != "" {
		t.Errorf("%s %s, want %s\n%s", fault, payload, want, b.log())
	}
}

// The function must not see this program's environment.
func TestNodeHasACleanEnvironment(t *testing.T) {
	for _, name := range []string{"AWS_PROFILE", "HTTPS_PROXY", "AWS_SECRET_ACCESS_KEY", "CANARY"} {
		t.Setenv(name, "canary")
	}
	machineNode(t)
	t.Setenv("NODE_OPTIONS", "--title=canary")
	b := newNodeBench(t, map[string]string{"index.mjs": `import fs from 'node:fs'
export const handler = async () => ({ ...process.env, cwd: process.cwd(), stdin: fs.readFileSync(0, 'utf8'), title: process.title })`}, "index.handler",
		func(in *lambda.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"MINE": "1", "AWS_ENDPOINT_URL": "http://elsewhere"}}
		})
	payload, _ := b.invoke("{}")
	if strings.Contains(payload, "canary") {
		t.Errorf("the environment leaks: %s", payload)
	}
	var env map[string]string
	if err := json.Unmarshal([]byte(payload), &env); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]string{
		"MINE": "1", "_HANDLER": "index.handler", "AWS_REGION": lambdaRegion, "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x",
		"AWS_ENDPOINT_URL": *b.aws.BaseEndpoint, "stdin": "", "cwd": env["LAMBDA_TASK_ROOT"], "NODE_OPTIONS": "", "TODOCTL_MODULES": "",
	} {
		if env[k] != want {
			t.Errorf("%s is %q, want %q", k, env[k], want)
		}
	}
}

// Without Node.js, code that is not the twin's gets a clear error.
func TestOwnNodeCodeWithoutNodeSaysSo(t *testing.T) {
	b := newLambdaBench(t, nil)
	in := lambdaInput(b.role(), lambdaZip(t, map[string]string{"index.mjs": "mine"}))
	in.Runtime, in.Handler = types.RuntimeNodejs24x, aws.String("index.handler")
	if _, err := b.lambda.CreateFunction(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	b.invoke("{}")
	if log := b.log(); !strings.Contains(log, "todoctl cannot run F: this function's own code needs Node.js") {
		t.Errorf("the log is\n%s", log)
	}
}
