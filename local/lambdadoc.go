package local

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"go.etcd.io/bbolt"
)

// A functionDoc is a function as the store keeps it. Its state is not kept: it
// follows from the times.
type functionDoc struct {
	Region      string
	Name        string
	Description string
	Tags        map[string]string
	Logging     loggingDoc
	Storage     int32 // /tmp, in MB; told back, not enforced

	Now    versionDoc  // what was asked for last
	Before *versionDoc // what runs while an update is in progress

	Created  time.Time
	Updated  time.Time // when the last update of code or configuration began; zero for none
	Modified time.Time // as LastModified
	Revision string    // changes with everything that AWS gives a new RevisionId

	Reserved   *int32 // reserved concurrency; nil is none, 0 is the off switch
	Statements []statementDoc
	Removed    []statementDoc // those that were taken away last, while GetPolicy may still show them
	PolicyID   string         // the policy's own RevisionId
	URL        *urlDoc
}

// A versionDoc is all that an environment depends on.
type versionDoc struct {
	CodeSHA256   string
	CodeSize     int64
	Runtime      string
	Handler      string
	Role         string
	Timeout      int32 // seconds
	Memory       int32 // MB
	Architecture string
	Variables    map[string]string
}

// id is the same for versions that may share their environments.
func (v versionDoc) id() string {
	text, _ := json.Marshal(v) // strings and numbers always marshal
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

type loggingDoc struct{ Format, Group string }

func (d functionDoc) arn() string {
	return "arn:aws:lambda:" + d.Region + ":" + AccountID + ":function:" + d.Name
}

func (d functionDoc) key() string { return key(d.Region, d.Name) }

// pending says that the function is not Active yet.
func (d functionDoc) pending(now time.Time, lags Lags) bool {
	return now.Before(d.Created.Add(lags.FunctionCreate))
}

// updating says that LastUpdateStatus is InProgress.
func (d functionDoc) updating(now time.Time, lags Lags) bool {
	return !d.Updated.IsZero() && now.Before(d.Updated.Add(lags.FunctionUpdate))
}

// running returns the version that answers invocations: the old one while an
// update is in progress.
// https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
func (d functionDoc) running(now time.Time, lags Lags) versionDoc {
	if d.Before != nil && d.updating(now, lags) {
		return *d.Before
	}
	return d.Now
}

// change begins an update: next is what will run when it is done.
func (d *functionDoc) change(next versionDoc, now time.Time) {
	before := d.Now
	d.Before, d.Now = &before, next
	d.Updated, d.Modified, d.Revision = now, now, newRequestID()
}

// busy is the error for a change while the last one is still going on.
func (d functionDoc) busy(now time.Time, lags Lags) error {
	switch {
	case d.pending(now, lags):
		return conflict("The operation cannot be performed at this time. The function is currently in the following state: Pending")
	case d.updating(now, lags):
		return conflict("The operation cannot be performed at this time. An update is in progress for resource: " + d.arn())
	}
	return nil
}

// lambdaTime is how Lambda writes LastModified.
const lambdaTime = "2006-01-02T15:04:05.000-0700"

// configuration is the function as the API shows it.
func (d functionDoc) configuration(now time.Time, lags Lags) types.FunctionConfiguration {
	c := types.FunctionConfiguration{
		Architectures:    []types.Architecture{types.Architecture(d.Now.Architecture)},
		CodeSha256:       aws.String(d.Now.CodeSHA256),
		CodeSize:         d.Now.CodeSize,
		Description:      aws.String(d.Description),
		EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(d.Storage)},
		FunctionArn:      aws.String(d.arn()),
		FunctionName:     aws.String(d.Name),
		Handler:          aws.String(d.Now.Handler),
		LastModified:     aws.String(d.Modified.UTC().Format(lambdaTime)),
		LastUpdateStatus: types.LastUpdateStatusSuccessful,
		LoggingConfig:    &types.LoggingConfig{LogFormat: types.LogFormat(d.Logging.Format), LogGroup: aws.String(d.Logging.Group)},
		MemorySize:       aws.Int32(d.Now.Memory),
		PackageType:      types.PackageTypeZip,
		RevisionId:       aws.String(d.Revision),
		Role:             aws.String(d.Now.Role),
		Runtime:          types.Runtime(d.Now.Runtime),
		SnapStart: &types.SnapStartResponse{
			ApplyOn: types.SnapStartApplyOnNone, OptimizationStatus: types.SnapStartOptimizationStatusOff},
		State:         types.StateActive,
		Timeout:       aws.Int32(d.Now.Timeout),
		TracingConfig: &types.TracingConfigResponse{Mode: types.TracingModePassThrough},
		Version:       aws.String("$LATEST"),
	}
	if len(d.Now.Variables) > 0 {
		c.Environment = &types.EnvironmentResponse{Variables: d.Now.Variables}
	}
	switch {
	case d.pending(now, lags):
		c.State, c.StateReasonCode = types.StatePending, types.StateReasonCodeCreating
		c.StateReason = aws.String("The function is being created.")
		c.LastUpdateStatus = types.LastUpdateStatusInProgress
		c.LastUpdateStatusReasonCode = "Creating"
		c.LastUpdateStatusReason = c.StateReason
	case d.updating(now, lags):
		c.LastUpdateStatus = types.LastUpdateStatusInProgress
		c.LastUpdateStatusReasonCode = "Creating"
		c.LastUpdateStatusReason = aws.String("The function is being created.")
	}
	return c
}

// resource names the function that a caller means: by name, by partial ARN
// ("000000000000:function:NAME") or by ARN, with or without ":$LATEST".
type resource struct{ region, name string }

func (r resource) key() string { return key(r.region, r.name) }
func (r resource) arn() string { return functionDoc{Region: r.region, Name: r.name}.arn() }

// named reads FunctionName and Qualifier. This Lambda has no versions and no
// aliases, so a qualifier other than $LATEST is not found, as on AWS.
func named(region string, name, qualifier *string) (resource, error) {
	r := resource{region: region, name: aws.ToString(name)}
	if _, rest, ok := strings.Cut(r.name, ":function:"); ok {
		if strings.HasPrefix(r.name, "arn:") {
			parts := strings.Split(r.name, ":")
			if parts[2] != "lambda" || parts[4] != AccountID {
				return r, &apiError{Code: "AccessDeniedException", Status: 403,
					Message: "The resource " + r.name + " belongs to another account"}
			}
			r.region = parts[3]
		}
		r.name = rest
	}
	q := aws.ToString(qualifier)
	if n, suffix, ok := strings.Cut(r.name, ":"); ok {
		r.name, q = n, suffix
	}
	if !functionName.MatchString(r.name) {
		return r, invalidValue("functionName", r.name, "Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?")
	}
	if q != "" && q != "$LATEST" {
		return r, &apiError{Code: "ResourceNotFoundException", Status: 404, Message: "Function not found: " + r.arn() + ":" + q}
	}
	return r, nil
}

// find reads a function.
func find(tx *bbolt.Tx, r resource) (functionDoc, error) {
	d, ok, err := get[functionDoc](tx, bucketFunctions, r.key())
	if err == nil && !ok {
		err = noFunction(r)
	}
	return d, err
}

func noFunction(r resource) error {
	return &apiError{Code: "ResourceNotFoundException", Status: http.StatusNotFound, Message: "Function not found: " + r.arn()}
}

// lookup reads a function in a transaction of its own.
func (x *lambdaService) lookup(r resource) (d functionDoc, err error) {
	err = x.db.view(func(tx *bbolt.Tx) error {
		d, err = find(tx, r)
		return err
	})
	return d, err
}

// edit changes a function in one transaction and returns what it became.
func (x *lambdaService) edit(r resource, do func(tx *bbolt.Tx, d *functionDoc) error) (functionDoc, error) {
	var out functionDoc
	err := x.db.update(func(tx *bbolt.Tx) error {
		d, err := find(tx, r)
		if err != nil {
			return err
		}
		if x.young(d.Created, x.cfg.Lags.FunctionVisible) {
			return noFunction(r)
		}
		if err := do(tx, &d); err != nil {
			return err
		}
		out = d
		return put(tx, bucketFunctions, d.key(), d)
	})
	return out, err
}

func conflict(message string) error {
	return &apiError{Code: "ResourceConflictException", Status: 409, Message: message}
}

func invalidParameter(format string, args ...any) error {
	return &apiError{Code: "InvalidParameterValueException", Message: fmt.Sprintf(format, args...)}
}

// invalidValue is AWS's sentence for a value outside what its model allows.
func invalidValue(member, value, constraint string) error {
	return &apiError{Code: "ValidationException", Message: fmt.Sprintf(
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint)}
}
