package local_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"todoctl/local"
)

func TestTheEleventhRequestIsThrottled(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	url := b.url(nil)
	started, release := make(chan bool), make(chan bool)
	b.does(func(context.Context, []byte) ([]byte, error) {
		started <- true
		<-release
		return []byte(`{}`), nil
	})
	var all sync.WaitGroup
	statuses := make(chan int, 10)
	for range 10 {
		all.Go(func() {
			res, err := b.http.Get(url)
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close()
			statuses <- res.StatusCode
		})
	}
	for range 10 {
		<-started
	}
	if res, _ := b.send("GET", url, ""); res.StatusCode != 429 {
		t.Errorf("the eleventh: %d", res.StatusCode)
	}
	close(release)
	all.Wait()
	close(statuses)
	for s := range statuses {
		if s != 200 {
			t.Errorf("one of ten: %d", s)
		}
	}
	b.answers(`{}`)
	if res, _ := b.send("GET", url, ""); res.StatusCode != 200 {
		t.Errorf("afterwards: %d", res.StatusCode)
	}
	if _, err := b.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("F"), ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
		t.Fatal(err)
	}
	if res, _ := b.send("GET", url, ""); res.StatusCode != 429 {
		t.Errorf("switched off: %d", res.StatusCode)
	}
}

// What is set aside for a function is also the most that it gets.
func TestReservedConcurrencyIsALimit(t *testing.T) {
	b := newLambdaBench(t, func(c *local.Config) { c.Account.Concurrency, c.Account.Unreserved = 20, 10 })
	b.function()
	url := b.url(nil)
	if _, err := b.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("F"), ReservedConcurrentExecutions: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	started, release := make(chan bool), make(chan bool)
	b.does(func(context.Context, []byte) ([]byte, error) {
		started <- true
		<-release
		return []byte(`{}`), nil
	})
	var first sync.WaitGroup
	first.Go(func() {
		if res, _ := b.send("GET", url, ""); res.StatusCode != 200 {
			t.Errorf("the first: %d", res.StatusCode)
		}
	})
	<-started
	if res, _ := b.send("GET", url, ""); res.StatusCode != 429 {
		t.Errorf("the second: %d", res.StatusCode)
	}
	close(release)
	first.Wait()
	b.answers(`{}`)
	if res, _ := b.send("GET", url, ""); res.StatusCode != 200 {
		t.Errorf("afterwards: %d", res.StatusCode)
	}
}

func TestTimeoutIs502AndTheNextRequestIsFine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLambdaBench(t, nil)
		b.function()
		url := b.url(nil)
		b.does(func(ctx context.Context, _ []byte) ([]byte, error) {
			<-ctx.Done()
			b.turn(5 * time.Second)
			return nil, ctx.Err()
		})
		if res, body := b.send("GET", url, ""); res.StatusCode != 502 || body != "Internal Server Error" {
			t.Errorf("%d %s", res.StatusCode, body)
		}
		b.answers(`{}`)
		if res, _ := b.send("GET", url, ""); res.StatusCode != 200 {
			t.Errorf("afterwards: %d", res.StatusCode)
		}
		if log := b.log(); !strings.Contains(log, "Task timed out after 5.00 seconds") || !strings.Contains(log, "Status: timeout") {
			t.Errorf("the log does not tell:\n%s", log)
		}
	})
}

// log is every message of F's log group.
func (b *lambdaBench) log() string {
	b.t.Helper()
	out, err := cloudwatchlogs.NewFromConfig(b.aws).FilterLogEvents(b.t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/F")})
	if err != nil {
		b.t.Fatal(err)
	}
	var text strings.Builder
	for _, e := range out.Events {
		text.WriteString(*e.Message)
	}
	return text.String()
}

func TestInvocationsAreLoggedAndCounted(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	url := b.url(nil)
	b.does(func(context.Context, []byte) ([]byte, error) {
		b.turn(1500 * time.Microsecond)
		return []byte(`{}`), nil
	})
	b.send("GET", url, "")
	b.answers(`{"statusCode": 404, "body": ""}`)
	b.send("GET", url, "")
	b.does(func(context.Context, []byte) ([]byte, error) { return nil, fmt.Errorf("no") })
	b.send("GET", url, "")

	log := b.log()
	pattern := `^INIT_START Runtime Version: todoctl:twin.local\tRuntime Version ARN: \S+\nSTART RequestId: (\S{36}) Version: \$LATEST\nEND RequestId: \S{36}\n` +
		`REPORT RequestId: \S{36}\tDuration: 1.50 ms\tBilled Duration: 2 ms\tMemory Size: 256 MB\tMax Memory Used: \d+ MB\tInit Duration: 0.00 ms\t\nSTART `
	if !regexp.MustCompile(pattern).MatchString(log) || !strings.Contains(log, "[ERROR] no\n") || strings.Count(log, "REPORT ") != 3 {
		t.Errorf("the log is\n%s", log)
	}
	for metric, want := range map[string]float64{
		"Invocations": 3, "Errors": 1, "Throttles": 0, "UrlRequestCount": 3, "Url4xxCount": 1, "Url5xxCount": 1, "Duration": 1.5,
	} {
		out, err := cloudwatch.NewFromConfig(b.aws).GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("AWS/Lambda"), MetricName: aws.String(metric), Period: aws.Int32(3600),
			StartTime: aws.Time(b.clock().Add(-time.Hour)), EndTime: aws.Time(b.clock().Add(time.Hour)),
			Statistics: []cwtypes.Statistic{cwtypes.StatisticSum}, Dimensions: []cwtypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("F")}},
		})
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, p := range out.Datapoints {
			sum += *p.Sum
		}
		if sum != want || len(out.Datapoints) == 0 {
			t.Errorf("%s is %v in %d points, want %v", metric, sum, len(out.Datapoints), want)
		}
	}
}

// Lambda writes the log with the function's role: without logs:CreateLogGroup
// a log group that was deleted stays deleted, with it the next invocation
// brings it back.
func TestTheLogGroupComesBackOnlyIfTheRoleMayMakeIt(t *testing.T) {
	for actions, want := range map[string]int{
		`["logs:CreateLogStream","logs:PutLogEvents"]`:                       0,
		`["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"]`: 1,
	} {
		b := newLambdaBench(t, nil)
		b.function()
		_, err := b.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("P"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + actions + `,"Resource":"arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/F:*"}]}`)})
		if err != nil {
			t.Fatal(err)
		}
		b.invoke("{}")
		out, err := cloudwatchlogs.NewFromConfig(b.aws).DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
		if err != nil || len(out.LogGroups) != want {
			t.Errorf("%s: %v, %d log groups, want %d", actions, err, len(out.LogGroups), want)
		}
	}
}
