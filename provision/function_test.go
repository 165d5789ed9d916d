package provision_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"todoctl/provision"
)

// withRole is a world in which the function's role can be assumed.
func withRole(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	inWorld(t, func(t *testing.T, w *world) {
		w.up("role")
		time.Sleep(time.Minute) // virtual
		w.forget()
		test(t, w)
	})
}

func TestFunctionIsCreatedAfterItsLogGroup(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		w.wantWrites("CreateLogGroup", "PutRetentionPolicy", "CreateFunction")
		in := only[lambda.CreateFunctionInput](w)
		for what, got := range map[string][2]any{
			"runtime":      {string(in.Runtime), "python3.12"},
			"handler":      {*in.Handler, "lambda_function.lambda_handler"},
			"role":         {*in.Role, "arn:aws:iam::000000000000:role/LambdaTodoRole"},
			"timeout":      {*in.Timeout, int32(5)},
			"memory":       {*in.MemorySize, int32(256)},
			"architecture": {string(in.Architectures[0]), "x86_64"},
			"environment":  {in.Environment == nil, true},
		} {
			if got[0] != got[1] {
				t.Errorf("the %s is %v, want %v", what, got[0], got[1])
			}
		}
		tags := map[string]string{"todoctl:stack": "Todo", "todoctl:region": "eu-central-1", "todoctl:version": "test"}
		group := only[cloudwatchlogs.CreateLogGroupInput](w)
		if in.Tags[provision.TagSHA256] != w.cfg.Code.SHA256 {
			t.Errorf("the code's hash is not among the tags %v", in.Tags)
		}
		delete(in.Tags, provision.TagSHA256)
		if !maps.Equal(in.Tags, tags) || !maps.Equal(group.Tags, tags) {
			t.Errorf("the tags in the create calls are %v and %v", in.Tags, group.Tags)
		}
		if r := only[cloudwatchlogs.PutRetentionPolicyInput](w); *r.RetentionInDays != 7 || *r.LogGroupName != "/aws/lambda/TodoHandler" {
			t.Errorf("the retention is %d days for %s", *r.RetentionInDays, *r.LogGroupName)
		}
	})
}

func TestARoleThatIAMIsStillSpreadingIsWaitedFor(t *testing.T) {
	for _, message := range []string{
		"The role defined for the function cannot be assumed by Lambda.",
		"The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
		"Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant.",
		"Your request has been throttled by EC2",
	} {
		t.Run(message, func(t *testing.T) {
			withRole(t, func(t *testing.T, w *world) {
				w.failing("CreateFunction", 10, code("InvalidParameterValueException", message))
				w.up("function")
				wantState(t, w.look("function"), provision.OK)
			})
		})
	}
}

func TestARealMistakeInTheFunctionIsNotRepeated(t *testing.T) {
	for name, mistake := range map[string]error{
		"same code, another message": code("InvalidParameterValueException", "The runtime parameter of python2.7 is no longer supported"),
		"same message, another code": code("ValidationException", "The role defined for the function cannot be assumed by Lambda."),
	} {
		t.Run(name, func(t *testing.T) {
			withRole(t, func(t *testing.T, w *world) {
				calls := 0
				w.on("CreateFunction", func(context.Context, func() (any, error)) (any, error) { calls++; return nil, mistake })
				if err := w.try(provision.Up, "function"); err == nil || calls != 1 {
					t.Errorf("after %d calls: %v", calls, err)
				}
			})
		})
	}
}

func TestARoleThatNeverSpreadsEndsAfterTwoMinutes(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.failing("CreateFunction", 1000, code("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."))
		begin := time.Now()
		err := w.try(provision.Up, "function")
		if err == nil || !strings.Contains(err.Error(), "cannot be assumed by Lambda") {
			t.Errorf("up says %v", err)
		}
		if took := time.Since(begin).Round(10 * time.Second); took != 2*time.Minute {
			t.Errorf("it gave up after %s", took)
		}
	})
}

// A stranger who is quicker than our create keeps the function, and we leave
// nothing next to it.
func TestAStrangersFunctionThatAppearsDuringUpIsLeftAlone(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.overtaking("CreateFunction", func() error { return strangersFunction(t, w) })
		var foreign *provision.ForeignError
		if err := w.try(provision.Up, "function"); !errors.As(err, &foreign) || foreign.Resource != "TodoHandler" {
			t.Errorf("up says %v", err)
		}
		groups := must[*cloudwatchlogs.DescribeLogGroupsOutput](t)(w.clients.Logs.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{}))
		if len(groups.LogGroups) != 0 {
			t.Errorf("it left the log group %s behind", *groups.LogGroups[0].LogGroupName)
		}
		if n := len(inputs[lambda.UpdateFunctionConfigurationInput](w)) + len(inputs[lambda.UpdateFunctionCodeInput](w)); n != 0 {
			t.Errorf("%d updates of somebody else's function", n)
		}
	})
}

func TestAForeignLogGroupIsNamed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		if err := stranger["log group"](t, w); err != nil {
			t.Fatal(err)
		}
		if seen := w.look("function"); seen.State != provision.Foreign || !strings.Contains(seen.Owner, "the log group /aws/lambda/TodoHandler") {
			t.Errorf("it is %s, owner %q", seen.State, seen.Owner)
		}
	})
}

// The prefix search finds longer names as well.
func TestAnotherFunctionsLogGroupIsNotMistaken(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		if _, err := w.clients.Logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/aws/lambda/TodoHandler2")}); err != nil {
			t.Fatal(err)
		}
		wantState(t, w.look("function"), provision.Absent)
	})
}

// shown changes how GetFunction shows the function.
func shown(w *world, edit func(*lambda.GetFunctionOutput)) {
	w.on("GetFunction", func(_ context.Context, send func() (any, error)) (any, error) {
		out, err := send()
		if f, ok := out.(*lambda.GetFunctionOutput); ok && err == nil {
			edit(f)
		}
		return out, err
	})
}

func TestAFailedFunctionIsToldWithAWSsReason(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		shown(w, func(f *lambda.GetFunctionOutput) {
			f.Configuration.State = types.StateFailed
			f.Configuration.StateReason = aws.String("The subnet is out of addresses.")
		})
		wantState(t, w.look("function"), provision.Drift, "state")
		begin := time.Now()
		err := w.try(provision.Up, "function")
		var failed *provision.FailedError
		if !errors.As(err, &failed) || failed.Reason != "The subnet is out of addresses." || time.Since(begin) > time.Minute {
			t.Errorf("after %s up says %v", time.Since(begin), err)
		}
	})
}

func TestAFailedUpdateIsSentAgain(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		shown(w, func(f *lambda.GetFunctionOutput) {
			if len(inputs[lambda.UpdateFunctionConfigurationInput](w)) == 0 {
				f.Configuration.LastUpdateStatus = types.LastUpdateStatusFailed
				f.Configuration.LastUpdateStatusReason = aws.String("The role was not there.")
			}
		})
		w.up("function")
		wantState(t, w.look("function"), provision.OK)
		only[lambda.UpdateFunctionConfigurationInput](w)
	})
}

// What Lambda has given up is told, and nothing more is sent after it.
func TestAFailedUploadIsToldWithAWSsReason(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		w.cfg.Code, w.cfg.Runtime = pack(t, "def lambda_handler(event, context):\n    return []\n"), "python3.13"
		time.Sleep(time.Minute)
		w.on("GetFunction", func(_ context.Context, send func() (any, error)) (any, error) {
			out, err := send()
			if found, ok := out.(*lambda.GetFunctionOutput); ok && len(inputs[lambda.UpdateFunctionCodeInput](w)) > 0 {
				found.Configuration.LastUpdateStatus, found.Configuration.LastUpdateStatusReason = types.LastUpdateStatusFailed, aws.String("no more addresses")
			}
			return out, err
		})
		err := w.try(provision.Up, "function")
		var failed *provision.FailedError
		if !errors.As(err, &failed) || failed.Reason != "no more addresses" || len(inputs[lambda.UpdateFunctionConfigurationInput](w)) > 0 {
			t.Errorf("it says %v", err)
		}
	})
}

// A copy of Lambda's that is behind may still tell of a failure that has just been
// mended.
func TestAFailureOfBeforeIsWaitedOut(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		w.cfg.Runtime = "python3.13"
		time.Sleep(time.Minute)
		older := must[*lambda.GetFunctionOutput](t)(w.clients.Lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: fn(w)}))
		older.Configuration.LastUpdateStatus, older.Configuration.LastUpdateStatusReason = types.LastUpdateStatusFailed, aws.String("no more addresses")
		looks := 0
		w.on("GetFunction", func(_ context.Context, send func() (any, error)) (any, error) {
			if len(inputs[lambda.UpdateFunctionConfigurationInput](w)) > 0 {
				if looks++; looks%2 == 1 {
					return send()
				}
			}
			return older, nil
		})
		w.up("function")
		if looks < 2 {
			t.Errorf("it looked %d times", looks)
		}
	})
}

func TestAnUpdateInProgressIsWaitedForAndNotAnswered(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		if _, err := w.clients.Lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: fn(w), Description: aws.String("mine")}); err != nil {
			t.Fatal(err)
		}
		if seen := w.look("function"); seen.State != provision.Drift || seen.Pending == "" {
			t.Errorf("it is %s, pending %q", seen.State, seen.Pending)
		}
		w.forget()
		w.up("function")
		w.wantWrites()
	})
}

func TestAChangeMadeMeanwhileIsNotOverwritten(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		w.cfg.Runtime = "python3.13"
		step := w.step("function")
		seen := must[provision.Observation](t)(step.Observe(t.Context()))
		time.Sleep(time.Second)
		if _, err := w.clients.Lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: fn(w), Timeout: aws.Int32(60)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		err := step.Apply(t.Context(), seen)
		var changed *provision.ChangedError
		if !errors.As(err, &changed) || changed.Resource != "TodoHandler" {
			t.Errorf("it says %v", err)
		}
		now := must[*lambda.GetFunctionOutput](t)(w.clients.Lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: fn(w)}))
		if *now.Configuration.Timeout != 60 || now.Configuration.Runtime != types.RuntimePython312 {
			t.Errorf("the timeout is %d, the runtime %s", *now.Configuration.Timeout, now.Configuration.Runtime)
		}
	})
}

// Lambda gives a new revision also when it only wakes a function.
func TestANewRevisionWithoutAChangeIsNoObstacle(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		w.cfg.Runtime = "python3.13"
		w.failing("UpdateFunctionConfiguration", 1, code("PreconditionFailedException", "The RevisionId provided does not match"))
		w.up("function")
		wantState(t, w.look("function"), provision.OK)
	})
}

// A copy of Lambda's may still show the function as it was before our first change:
// that is not somebody's.
func TestAnOlderStateOfTheFunctionIsWaitedOut(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		older := must[*lambda.GetFunctionOutput](t)(w.clients.Lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: fn(w)}))
		w.cfg.Code, w.cfg.Runtime = pack(t, "def lambda_handler(event, context):\n    return []\n"), "python3.13"
		time.Sleep(time.Minute)
		refused := 0
		w.on("UpdateFunctionConfiguration", func(_ context.Context, send func() (any, error)) (any, error) {
			if refused++; refused == 1 {
				return nil, code("PreconditionFailedException", "The RevisionId provided does not match")
			}
			return send()
		})
		w.on("GetFunction", func(_ context.Context, send func() (any, error)) (any, error) {
			if refused == 1 {
				refused++
				return older, nil
			}
			return send()
		})
		w.up("function")
		if refused < 3 {
			t.Errorf("it came to %d only", refused)
		}
		wantState(t, w.look("function"), provision.OK)
	})
}

func TestALostUpdateOfTheFunctionIsRecognised(t *testing.T) {
	for _, operation := range []string{"UpdateFunctionCode", "UpdateFunctionConfiguration"} {
		t.Run(operation, func(t *testing.T) {
			withRole(t, func(t *testing.T, w *world) {
				w.up("function")
				w.cfg.Runtime = "python3.13"
				w.cfg.Code = pack(t, "def lambda_handler(event, context):\n    return 2\n")
				w.losing(operation)
				w.up("function")
				wantState(t, w.look("function"), provision.OK)
			})
		})
	}
}

// running is the hash of the code that runs.
func (w *world) running() string {
	now := must[*lambda.GetFunctionOutput](w.t)(w.clients.Lambda.GetFunction(w.t.Context(), &lambda.GetFunctionInput{FunctionName: fn(w)}))
	return *now.Configuration.CodeSha256
}

func TestCodeAndConfigurationAreTwoWrites(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		w.cfg.Runtime = "python3.13"
		w.cfg.Code = pack(t, "def lambda_handler(event, context):\n    return 2\n")
		w.forget()
		w.up("function")
		w.wantWrites("TagResource", "UpdateFunctionCode", "UpdateFunctionConfiguration", "TagResource")
		if in := only[lambda.UpdateFunctionCodeInput](w); in.RevisionId == nil {
			t.Error("the code was sent without the revision that was seen")
		}
		if in := only[lambda.UpdateFunctionConfigurationInput](w); in.RevisionId == nil {
			t.Error("the configuration was sent without the revision that was seen")
		}
	})
}

// replaceCode puts code into the function as the console does.
func (w *world) replaceCode(code provision.Code) {
	w.t.Helper()
	if _, err := w.clients.Lambda.UpdateFunctionCode(w.t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: fn(w), ZipFile: code.Zip}); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(time.Minute)
}

var errCutOff = errors.New("cut off")

// Of an upload that was cut off nobody knows whether it arrived. The code that is
// there is todoctl's either way, and the next run brings its own without a question.
func TestCodeOfAnUploadThatWasCutOffIsOurs(t *testing.T) {
	for name, arrives := range map[string]bool{"it arrived": true, "it did not": false} {
		t.Run(name, func(t *testing.T) {
			withRole(t, func(t *testing.T, w *world) {
				w.up("function")
				before := w.running()
				w.cfg.Code, w.cfg.OwnCode = pack(t, "def lambda_handler(event, context):\n    return 4\n"), true
				w.on("UpdateFunctionCode", func(_ context.Context, send func() (any, error)) (any, error) {
					if arrives {
						if _, err := send(); err != nil {
							t.Error(err)
						}
					}
					return nil, errCutOff
				})
				if err := w.try(provision.Up, "function"); !errors.Is(err, errCutOff) {
					t.Errorf("up says %v", err)
				}
				w.on("UpdateFunctionCode", nil)
				time.Sleep(time.Minute)
				if arrived := w.running() != before; arrived != arrives {
					t.Fatalf("the upload arrived: %t", arrived)
				}
				w.cfg.Code = pack(t, "def lambda_handler(event, context):\n    return 5\n")
				if seen := w.look("function"); seen.CodeChanged || seen.State != provision.Drift {
					t.Errorf("it is %s, changed outside: %t", seen.State, seen.CodeChanged)
				}
				w.forget()
				w.up("function")
				w.wantWrites("TagResource", "UpdateFunctionCode", "TagResource")
				w.forget()
				w.up("function")
				w.wantWrites()
			})
		})
	}
}

// Who has an old look of a function, in the middle of another run's upload, changes
// nothing of it: not what the tags say of the code either.
func TestAnOldLookDoesNotTagAnothersUpload(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		mine, theirs := w.cfg, w.cfg
		mine.Runtime = "python3.13"
		theirs.Code = pack(t, "def lambda_handler(event, context):\n    return 4\n")
		var old any
		w.on("UpdateFunctionCode", func(_ context.Context, send func() (any, error)) (any, error) {
			old = must[*lambda.GetFunctionOutput](t)(w.clients.Lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: fn(w)}))
			return send()
		})
		w.cfg = theirs
		w.up("function")
		time.Sleep(time.Minute)
		w.cfg = mine
		looks := 0
		w.on("GetFunction", func(_ context.Context, send func() (any, error)) (any, error) {
			if looks++; looks <= 2 { // of the plan, and right before the change
				return old, nil
			}
			return send()
		})
		if err := w.try(provision.Up, "function"); !errors.As(err, new(*provision.ChangedError)) {
			t.Errorf("up says %v", err)
		}
		w.on("GetFunction", nil)
		w.cfg = theirs
		if seen := w.look("function"); seen.State != provision.OK || seen.CodeChanged {
			t.Errorf("it is %s, changed outside: %t, %v", seen.State, seen.CodeChanged, seen.Diffs)
		}
	})
}

// Code that todoctl itself had uploaded before, and that somebody has put back, is
// there on purpose.
func TestCodeThatWasPutBackIsSomebodys(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		first := w.cfg.Code
		w.cfg.Code, w.cfg.OwnCode = pack(t, "def lambda_handler(event, context):\n    return 4\n"), true
		w.up("function")
		w.replaceCode(first)
		if seen := w.look("function"); !seen.CodeChanged {
			t.Errorf("it is %s, and nobody's: %v", seen.State, seen.Diffs)
		}
	})
}

// A replacement of somebody's code that never arrived leaves it somebody's.
func TestOthersCodeStaysTheirsUntilItsReplacementArrives(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		theirs := pack(t, "def lambda_handler(event, context):\n    return 5\n")
		w.replaceCode(theirs)
		w.cfg.Code, w.cfg.OwnCode, w.cfg.ReplaceCode = pack(t, "def lambda_handler(event, context):\n    return 6\n"), true, true
		w.on("UpdateFunctionCode", func(context.Context, func() (any, error)) (any, error) { return nil, errCutOff })
		if err := w.try(provision.Up, "function"); !errors.Is(err, errCutOff) {
			t.Errorf("up says %v", err)
		}
		w.on("UpdateFunctionCode", nil)
		w.cfg.ReplaceCode = false
		if seen := w.look("function"); !seen.CodeChanged {
			t.Errorf("it is %s, and nobody's code: %v", seen.State, seen.Diffs)
		}
		w.forget()
		w.up("function")
		w.wantWrites()
	})
}

// What somebody has put there goes only on purpose, and then as the flag says.
func TestOthersCodeIsReplacedOnPurposeOnly(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		theirs := pack(t, "def lambda_handler(event, context):\n    return 5\n")
		w.replaceCode(theirs)
		for _, own := range []bool{false, true} {
			w.cfg.OwnCode = own
			w.forget()
			if seen := w.look("function"); seen.State != provision.OK || !seen.CodeChanged {
				t.Errorf("with own code (%t) it is %s, changed: %t; %v", own, seen.State, seen.CodeChanged, seen.Diffs)
			}
			w.up("function")
			w.wantWrites()
		}
		w.cfg.OwnCode, w.cfg.ReplaceCode = false, true
		w.up("function")
		w.wantWrites("UpdateFunctionCode") // the tag is that of this very code
		w.cfg.ReplaceCode = false
		if seen := w.look("function"); seen.State != provision.OK || seen.CodeChanged {
			t.Errorf("after that it is %s, changed: %t", seen.State, seen.CodeChanged)
		}
	})
}

// With the flag and without a folder, the learner's own code makes room for
// todoctl's, for good.
func TestOwnCodeMakesRoomForTodoctlsOnPurpose(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		standard := w.cfg.Code
		w.cfg.Code, w.cfg.OwnCode = pack(t, "def lambda_handler(event, context):\n    return 6\n"), true
		w.up("function")
		w.cfg.Code, w.cfg.OwnCode, w.cfg.ReplaceCode = standard, false, true
		w.up("function")
		w.cfg.ReplaceCode = false
		if seen := w.look("function"); seen.State != provision.OK || len(seen.Advice) > 0 {
			t.Errorf("it is %s: %v %v", seen.State, seen.Diffs, seen.Advice)
		}
		w.forget()
		w.up("function")
		w.wantWrites()
	})
}

func TestOwnCodeStaysUntilOtherCodeIsChosen(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		standard := w.cfg.Code
		w.cfg.Code, w.cfg.OwnCode = pack(t, "def lambda_handler(event, context):\n    return 3\n"), true
		w.up("function")
		own := w.cfg.Code.SHA256
		w.cfg.Code, w.cfg.OwnCode = standard, false
		w.forget()
		seen := w.look("function")
		if wantState(t, seen, provision.OK); len(seen.Advice) != 1 || !strings.Contains(seen.Advice[0], "your own code") {
			t.Errorf("the advice is %q", seen.Advice)
		}
		w.up("function")
		w.wantWrites()
		now := must[*lambda.GetFunctionOutput](t)(w.clients.Lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: fn(w)}))
		if *now.Configuration.CodeSha256 != own {
			t.Error("the own code is gone")
		}
	})
}

func TestARuntimeChosenOnceStays(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.cfg.Runtime = "python3.13"
		w.up("function")
		w.cfg.Runtime = ""
		wantState(t, w.look("function"), provision.OK)
		w.down("function")
		w.up("function")
		if in := inputs[lambda.CreateFunctionInput](w); in[len(in)-1].Runtime != types.RuntimePython312 {
			t.Errorf("without a choice the runtime is %s", in[len(in)-1].Runtime)
		}
	})
}

func TestTagsOfTheFunctionThatMayNotBeReadAreAnError(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		shown(w, func(f *lambda.GetFunctionOutput) {
			f.Tags, f.TagsError = nil, &types.TagsError{ErrorCode: aws.String("AccessDeniedException"), Message: aws.String("not allowed")}
		})
		_, err := w.step("function").Observe(t.Context())
		if r, refused := provision.RefusalOf(err); !refused || r.Action != "lambda:ListTags" {
			t.Errorf("the error is %v", err)
		}
	})
}

// Late log lines make the group again, without our tag, when the role may.
func TestALogGroupThatComesBackDuringDownIsDeletedToo(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		back := false
		w.on("DeleteLogGroup", func(_ context.Context, send func() (any, error)) (any, error) {
			out, err := send()
			if !back && err == nil {
				back = true
				_, err = w.clients.Logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(w.cfg.LogGroupName())})
			}
			return out, err
		})
		w.down("function")
		wantState(t, w.look("function"), provision.Absent)
	})
}

func TestTheFunctionGoesBeforeItsLogGroup(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		w.forget()
		w.down("function")
		w.wantWrites("DeleteFunction", "DeleteLogGroup")
	})
}

func TestABusyFunctionIsDeletedWhenItIsFree(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		w.failing("DeleteFunction", 3, code("ResourceConflictException", "An update is in progress"))
		w.down("function")
		wantState(t, w.look("function"), provision.Absent)
	})
}

func TestAFunctionThatIsBeingDeletedIsMadeAnew(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		looks := 0
		shown(w, func(f *lambda.GetFunctionOutput) {
			looks++
			f.Configuration.State = types.StateDeleting
			if looks == 3 {
				if err := vanish["function"](t, w); err != nil {
					t.Error(err)
				}
				w.on("GetFunction", nil)
			}
		})
		w.up("function")
		wantState(t, w.look("function"), provision.OK)
		if n := len(inputs[lambda.CreateFunctionInput](w)); n != 2 {
			t.Errorf("it was created %d times", n)
		}
	})
}

func TestLogRetentionIsSetOnAGroupOfOurs(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		if _, err := w.clients.Logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(w.cfg.LogGroupName()), Tags: w.cfg.Tags()}); err != nil {
			t.Fatal(err)
		}
		seen := w.look("function") // what a killed run leaves behind
		wantState(t, seen, provision.Drift, "function", "log retention")
		w.forget()
		w.up("function")
		if got := w.writes(); !slices.Contains(got, "PutRetentionPolicy") || slices.Contains(got, "CreateLogGroup") {
			t.Errorf("the writes were %v", got)
		}
	})
}
