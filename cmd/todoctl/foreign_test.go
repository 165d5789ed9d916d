package main

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"todoctl/local"
	"todoctl/provision"
)

// whose are the tags of what is not this stack's.
var whose = map[string]map[string]string{
	"no tags":         nil,
	"other tags":      {"team": "billing", "Name": "Todo"},
	"another stack":   {provision.TagStack: "Chat", provision.TagRegion: localRegion},
	"another Region":  {provision.TagStack: "Todo", provision.TagRegion: "eu-west-1"},
	"tags unreadable": nil,
}

// buckets are where the local AWS keeps things, by their name.
var buckets = map[string]string{
	"table": "dynamodb.tables", "role": "iam.roles", "log group": "logs.groups", "function": "lambda.functions",
	"topic": "sns.topics", "alarm": "cloudwatch.alarms", "budget": "budgets.budgets",
}

// parts are what has no tags and belongs to whom the thing belongs: made by
// somebody on a thing of his own, under the names that todoctl uses.
var parts = []struct {
	name, of string
	make     func(a account)
}{
	{"inline policy", "role", func(a account) {
		a.done(a.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(a.RoleName()), PolicyName: aws.String(a.PolicyName()),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`)}))
	}},
	{"retention", "log group", func(a account) {
		a.done(a.Logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String(a.LogGroupName()), RetentionInDays: aws.Int32(365)}))
	}},
	{"concurrency", "function", func(a account) {
		a.done(a.Lambda.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String(a.FunctionName()), ReservedConcurrentExecutions: aws.Int32(0)}))
	}},
	{"function URL", "function", func(a account) {
		a.done(a.Lambda.CreateFunctionUrlConfig(ctx, &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String(a.FunctionName()), AuthType: lambdatypes.FunctionUrlAuthTypeNone}))
	}},
	{"first statement", "function", func(a account) {
		a.done(a.Lambda.AddPermission(ctx, &lambda.AddPermissionInput{FunctionName: aws.String(a.FunctionName()), StatementId: aws.String("FunctionURLAllowPublicAccess"),
			Action: aws.String("lambda:InvokeFunctionUrl"), Principal: aws.String("*"), FunctionUrlAuthType: lambdatypes.FunctionUrlAuthTypeNone}))
	}},
	{"second statement", "function", func(a account) {
		a.done(a.Lambda.AddPermission(ctx, &lambda.AddPermissionInput{FunctionName: aws.String(a.FunctionName()), StatementId: aws.String("FunctionURLInvokeAllowPublicAccess"),
			Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("*"), InvokedViaFunctionUrl: aws.Bool(true)}))
	}},
	{"subscription", "topic", func(a account) {
		a.done(a.SNS.Subscribe(ctx, &sns.SubscribeInput{TopicArn: aws.String(a.TopicARN()), Protocol: aws.String("email"), Endpoint: aws.String("somebody@example.com")}))
	}},
}

// A foreigner is something under one of our names that is not ours.
type foreigner struct {
	thing
	bucket string
	make   func(a account, tags map[string]string)
}

// arns are those of a whole stack, by the bucket of what has them.
func (a account) arns() map[string]string {
	return map[string]string{
		buckets["table"]: a.TableARN(), buckets["role"]: a.RoleARN(), buckets["function"]: a.FunctionARN(), buckets["log group"]: a.LogGroupARN(),
		buckets["topic"]: a.TopicARN(), buckets["alarm"]: a.AlarmARN(), buckets["budget"]: a.BudgetARN(),
	}
}

// beside are the writes of a run, refused or not, that are about something else than
// one of these.
func (e ending) beside(arns map[string]string) (found []string) {
	ours := slices.Collect(maps.Values(arns))
	for _, write := range e.targets {
		if _, target, _ := strings.Cut(write, " "); !slices.Contains(ours, target) {
			found = append(found, write)
		}
	}
	return found
}

// T9. Every write names one ARN of the stack's, and no pattern.
func TestEachWriteNamesOneResourceOfTheStack(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		writes := 0
		for _, line := range []string{upLine, otherSettings, firstSettings, downLine} {
			end := r.run(line)
			r.wantExit(end, exitDone)
			if others := end.beside(r.account().arns()); others != nil {
				r.Errorf("%s writes to something else: %v", line, others)
			}
			writes += len(end.targets)
		}
		promise(t, "T9", writes)
	})
}

// foreigners are the seven things and the parts on them.
func foreigners() []foreigner {
	var all []foreigner
	for _, x := range things {
		all = append(all, foreigner{x, buckets[x.name], x.make})
	}
	for _, p := range parts {
		x := things[slices.IndexFunc(things, func(x thing) bool { return x.name == p.of })]
		whole := foreigner{x, buckets[x.name], func(a account, tags map[string]string) { x.make(a, tags); p.make(a) }}
		whole.name = p.name + " of a " + x.name
		all = append(all, whole)
	}
	return all
}

// stored is what a bucket holds, to the last field.
func (r *rehearsal) stored(bucket string) map[string]any {
	r.Helper()
	all, err := r.cloud.Contents()
	if err != nil {
		r.Fatal(err)
	}
	for _, doc := range all[bucket] {
		delete(doc.(map[string]any), "Bytes") // a log group grows when its function runs, whoever made it
	}
	return all[bucket]
}

// through is a network on which the calls of one service go another way.
type through struct {
	service      string
	those, other http.RoundTripper
}

func (n through) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.Header.Get("Authorization"), "/"+n.service+"/aws4_request") {
		return n.those.RoundTrip(r)
	}
	return n.other.RoundTrip(r)
}

// unreadable is a network on which the call that reads a thing's tags is denied.
func (r *rehearsal) unreadable(x thing) *local.Faults {
	denied := local.NewFaults(r, time.Now, nil, local.Fault{Kind: local.FaultDenied, Operation: x.tags, Times: local.Always})
	return r.networkOver(through{x.of, denied, r})
}

// T9. What has our name and not our mark is never changed, whoever's it is and
// whatever of it todoctl may see: up stops before its first write, down takes
// what is ours and names what it leaves.
func TestForeignResourcesAreLeftAlone(t *testing.T) {
	t.Parallel()
	cases, stride, whole := 0, sample(5), finished(t)
	for i, x := range foreigners() {
		for j, owner := range slices.Sorted(maps.Keys(whose)) {
			for _, ours := range []bool{false, true} {
				if (i+j)%stride != 0 {
					continue
				}
				if ours && owner == "no tags" && x.bucket == buckets["log group"] {
					continue // Lambda makes one like it for a function of ours, so it is ours
				}
				name := x.name + ", " + owner + map[bool]string{true: ", among ours", false: ", alone"}[ours]
				t.Run(name, func(t *testing.T) {
					from := beginning{}
					if ours {
						from = whole
					}
					from.rehearse(t, func(r *rehearsal) { cases += r.leavesAlone(x, owner, ours) })
				})
			}
		}
	}
	promise(t, "T9", cases)
}

func (r *rehearsal) leavesAlone(x foreigner, owner string, ours bool) (cases int) {
	r.Helper()
	if ours {
		x.remove(r.account())
		settled()
	}
	x.make(r.account(), whose[owner])
	settled()
	before := r.stored(x.bucket)
	for _, line := range []string{statusLine, "test", upLine, downLine} {
		network := r.network()
		if owner == "tags unreadable" {
			network = r.unreadable(x.thing)
		}
		end := r.runThrough(r.Context(), network, line+" --parallel 1")
		cases++
		if after := r.stored(x.bucket); !reflect.DeepEqual(before, after) {
			r.Fatalf("%s has changed it (exit %d):\n%v\nit was\n%v\n%s", line, end.exit, after, before, end.err)
		}
		others := r.account().arns()
		if delete(others, x.bucket); end.beside(others) != nil {
			r.Errorf("%s writes to what is not its own: %v", line, end.beside(others))
		}
		if x.bucket == buckets["function"] && slices.ContainsFunc(end.calls, func(c string) bool { return strings.HasSuffix(c, " /") }) {
			r.Errorf("%s calls somebody else's function", line)
		}
		r.wantForeign(line, end, x, owner, ours)
	}
	return cases
}

// wantForeign checks what a command says of a foreigner, and what it does to
// everything else.
func (r *rehearsal) wantForeign(line string, end ending, x foreigner, owner string, ours bool) {
	r.Helper()
	goesOn := owner == "tags unreadable" && x.step == "alarm" // the walkthrough does without, and says what to ask for
	if line != downLine && end.writes != 0 && !(line == upLine && goesOn) {
		r.Errorf("%s makes %d writes:\n%s", line, end.writes, end.err)
	}
	switch {
	case line == "test":
		return // it has to do with functions only
	case goesOn && line == downLine && x.name != "budget":
		r.wantExit(end, exitCredentials) // that nothing is left cannot be proved
		return
	case goesOn:
		if r.wantExit(end, exitDone, exitDiffers); !strings.Contains(end.out+end.err, "AWS does not allow you ") {
			r.Errorf("%s does not say what it may not see:\n%s%s", line, end.out, end.err)
		}
		return
	case owner == "tags unreadable":
		r.wantExit(end, exitCredentials)
		return
	case line == statusLine:
		r.wantExit(end, exitDiffers)
	default:
		r.wantExit(end, exitForeign)
	}
	if said := end.out + end.err; !strings.Contains(said, "was not made by todoctl") && !strings.Contains(said, "belongs to") {
		r.Errorf("%s does not say whose it is:\n%s", line, said)
	}
	if line != downLine {
		return
	}
	all, err := r.cloud.Contents()
	if err != nil {
		r.Fatal(err)
	}
	delete(all, x.bucket)
	if delete(all["iam.roles"], "somebodysrole"); len(all["iam.roles"]) == 0 { // that of somebody's function
		delete(all, "iam.roles")
	}
	if len(all) > 0 {
		r.Errorf("down leaves what is ours: %v\n%s", all, end.err)
	}
}

// T9. What appears between the look and the call that makes ours is left alone
// as well: the call fails, and the tags then say whose it is.
func TestWhatAppearsBetweenLookAndCreateIsLeftAlone(t *testing.T) {
	t.Parallel()
	cases := 0
	for _, x := range things {
		for _, owner := range []string{"no tags", "another stack"} {
			if x.create == "PutMetricAlarm" {
				continue // it has no conflict: see the next test
			}
			t.Run(x.name+", "+owner, func(t *testing.T) {
				rehearse(t, local.Lags{}, func(r *rehearsal) {
					appear := func() { x.make(r.account(), whose[owner]) }
					end := r.run(upLine, local.Fault{Kind: local.FaultBefore, Operation: x.create, Do: appear})
					before := r.stored(buckets[x.name])
					r.wantExit(end, exitForeign)
					settled()
					for _, line := range []string{statusLine, upLine, downLine} {
						end := r.run(line)
						r.wantForeign(line, end, foreigner{x, buckets[x.name], x.make}, owner, true)
						if after := r.stored(buckets[x.name]); !reflect.DeepEqual(before, after) {
							r.Errorf("%s has changed it:\n%v\nit was\n%v", line, after, before)
						}
						cases++
					}
				})
			})
		}
	}
	promise(t, "T9", cases)
}

// PutMetricAlarm overwrites whatever has the name, and nothing at AWS can stop
// it. So the alarm is looked at once more right before it: one that has come
// since the plan is left alone, and only one that comes in the time of a single
// call is not.
func TestAnAlarmThatAppearsBeforeOursIsLeftAlone(t *testing.T) {
	alarm := things[slices.IndexFunc(things, func(x thing) bool { return x.create == "PutMetricAlarm" })]
	cases := 0
	for _, call := range []string{"CreateTable", "CreateRole", "CreateFunction", "CreateFunctionUrlConfig", "POST /", "CreateTopic", "Subscribe"} {
		t.Run(call, func(t *testing.T) {
			rehearse(t, local.Lags{}, func(r *rehearsal) {
				var before map[string]any
				end := r.run(upLine, local.Fault{Kind: local.FaultBefore, Operation: call, Do: func() {
					alarm.make(r.account(), nil)
					before = r.stored(buckets["alarm"])
				}})
				r.wantExit(end, exitForeign)
				if after := r.stored(buckets["alarm"]); !reflect.DeepEqual(before, after) {
					r.Errorf("it was changed:\n%v\nit was\n%v", after, before)
				}
				cases++
			})
		})
	}
	promise(t, "T9", cases)
}

// The one gap, measured: an alarm that somebody makes between that last look
// and the put is overwritten. It keeps no tag of ours, because AWS counts tags
// in the call that creates only; so up does not say that all is well, and every
// run after it leaves the alarm alone.
func TestAnAlarmOfTheSameInstantIsOverwrittenAndNotClaimed(t *testing.T) {
	alarm := things[slices.IndexFunc(things, func(x thing) bool { return x.create == "PutMetricAlarm" })]
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		end := r.run(upLine, local.Fault{Kind: local.FaultBefore, Operation: alarm.create, Do: func() { alarm.make(r.account(), nil) }})
		r.wantExit(end, exitFailed)
		before := r.stored(buckets["alarm"])
		settled()
		r.wantExit(r.run(upLine), exitForeign)
		r.wantExit(r.run(downLine), exitForeign)
		if after := r.stored(buckets["alarm"]); !reflect.DeepEqual(before, after) {
			r.Errorf("it was changed once more:\n%v\nit was\n%v", after, before)
		}
		r.Log(end.err)
	})
}
