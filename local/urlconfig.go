package local

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/schemas"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"go.etcd.io/bbolt"
)

// A urlDoc is a function's URL. Its address is kept, so that a link that
// somebody copied still works after a restart.
type urlDoc struct {
	ID       string
	Address  string // "127.0.0.1:40123"; empty without sockets
	AuthType string
	Mode     string // BUFFERED
	CORS     *corsDoc
	Created  time.Time
	Modified time.Time
}

type corsDoc struct {
	Credentials bool
	Headers     []string
	Methods     []string
	Origins     []string
	Expose      []string
	MaxAge      int32 // seconds
}

// link is the URL that a person opens.
func (u urlDoc) link(region string) string {
	if u.Address != "" {
		return "http://" + u.Address + "/"
	}
	return "http://" + u.ID + ".lambda-url." + region + ".localhost/"
}

func (d functionDoc) urlConfig() types.FunctionUrlConfig {
	u := d.URL
	return types.FunctionUrlConfig{
		AuthType:         types.FunctionUrlAuthType(u.AuthType),
		Cors:             u.CORS.shown(),
		CreationTime:     aws.String(u.Created.UTC().Format(urlTime)),
		FunctionArn:      aws.String(d.arn()),
		FunctionUrl:      aws.String(u.link(d.Region)),
		InvokeMode:       types.InvokeMode(u.Mode),
		LastModifiedTime: aws.String(u.Modified.UTC().Format(urlTime)),
	}
}

// urlTime is how Lambda writes the times of a Function URL.
const urlTime = "2006-01-02T15:04:05.000000Z"

func (x *lambdaService) CreateFunctionUrlConfig(ctx context.Context, in *lambda.CreateFunctionUrlConfigInput) (status, error) {
	r, err := named(from(ctx).region, in.FunctionName, in.Qualifier)
	if err != nil {
		return status{}, err
	}
	u := urlDoc{ID: newURLID(), AuthType: string(in.AuthType)}
	if err := u.set(in.AuthType, in.InvokeMode, in.Cors); err != nil {
		return status{}, err
	}
	now := x.cfg.Now()
	u.Created, u.Modified = now, now
	// Look before a socket is opened; the transaction below looks again.
	d, err := x.named(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return status{}, err
	}
	if err := d.mayHaveURL(now, x.cfg.Lags); err != nil {
		return status{}, err
	}
	front, err := x.openFront(r, u.ID, "127.0.0.1:0")
	if err != nil {
		return status{}, err
	}
	u.Address = front.address
	d, err = x.edit(r, func(_ *bbolt.Tx, d *functionDoc) error {
		if err := d.mayHaveURL(now, x.cfg.Lags); err != nil {
			return err
		}
		d.URL = &u
		return nil
	})
	if err != nil {
		x.closeFront(u.ID)
		return status{}, err
	}
	c := d.urlConfig()
	return answered(schemas.CreateFunctionUrlConfig, &lambda.CreateFunctionUrlConfigOutput{
		AuthType: c.AuthType, Cors: c.Cors, CreationTime: c.CreationTime, FunctionArn: c.FunctionArn,
		FunctionUrl: c.FunctionUrl, InvokeMode: c.InvokeMode,
	}), nil
}

func (d functionDoc) mayHaveURL(now time.Time, lags Lags) error {
	switch {
	case d.URL != nil:
		return conflict("Failed to create function url config for [functionArn = " + d.arn() + "]. Error message:  FunctionUrlConfig exists for this Lambda function")
	case d.pending(now, lags):
		return d.busy(now, lags)
	}
	return nil
}

func (x *lambdaService) GetFunctionUrlConfig(ctx context.Context, in *lambda.GetFunctionUrlConfigInput) (*lambda.GetFunctionUrlConfigOutput, error) {
	d, err := x.named(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if d.URL == nil || x.young(d.URL.Created, x.cfg.Lags.URLVisible) {
		return nil, noURL()
	}
	c := d.urlConfig()
	return &lambda.GetFunctionUrlConfigOutput{
		AuthType: c.AuthType, Cors: c.Cors, CreationTime: c.CreationTime, FunctionArn: c.FunctionArn,
		FunctionUrl: c.FunctionUrl, InvokeMode: c.InvokeMode, LastModifiedTime: c.LastModifiedTime,
	}, nil
}

func (x *lambdaService) ListFunctionUrlConfigs(ctx context.Context, in *lambda.ListFunctionUrlConfigsInput) (*lambda.ListFunctionUrlConfigsOutput, error) {
	d, err := x.named(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	out := &lambda.ListFunctionUrlConfigsOutput{FunctionUrlConfigs: []types.FunctionUrlConfig{}}
	if d.URL != nil {
		out.FunctionUrlConfigs = append(out.FunctionUrlConfigs, d.urlConfig())
	}
	return out, nil
}

func (x *lambdaService) UpdateFunctionUrlConfig(ctx context.Context, in *lambda.UpdateFunctionUrlConfigInput) (*lambda.UpdateFunctionUrlConfigOutput, error) {
	r, err := named(from(ctx).region, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	now := x.cfg.Now()
	d, err := x.edit(r, func(_ *bbolt.Tx, d *functionDoc) error {
		switch {
		case d.URL == nil:
			return noURL()
		case d.pending(now, x.cfg.Lags):
			return d.busy(now, x.cfg.Lags)
		}
		u := *d.URL
		if err := u.set(in.AuthType, in.InvokeMode, in.Cors); err != nil {
			return err
		}
		u.Modified = now
		d.URL = &u
		return nil
	})
	if err != nil {
		return nil, err
	}
	c := d.urlConfig()
	return &lambda.UpdateFunctionUrlConfigOutput{
		AuthType: c.AuthType, Cors: c.Cors, CreationTime: c.CreationTime, FunctionArn: c.FunctionArn,
		FunctionUrl: c.FunctionUrl, InvokeMode: c.InvokeMode, LastModifiedTime: c.LastModifiedTime,
	}, nil
}

// DeleteFunctionUrlConfig ends the URL for good. The policy's statements stay,
// as on AWS.
func (x *lambdaService) DeleteFunctionUrlConfig(ctx context.Context, in *lambda.DeleteFunctionUrlConfigInput) (status, error) {
	r, err := named(from(ctx).region, in.FunctionName, in.Qualifier)
	if err != nil {
		return status{}, err
	}
	var id string
	_, err = x.edit(r, func(_ *bbolt.Tx, d *functionDoc) error {
		if d.URL == nil {
			return noURL()
		}
		id, d.URL = d.URL.ID, nil
		return nil
	})
	if err != nil {
		return status{}, err
	}
	x.closeFront(id)
	return answered(schemas.DeleteFunctionUrlConfig, &lambda.DeleteFunctionUrlConfigOutput{}), nil
}

func noURL() error {
	return &apiError{Code: "ResourceNotFoundException", Status: http.StatusNotFound,
		Message: "The resource you requested does not exist."}
}

// set applies the members that are given. A Cors that is given replaces the
// whole of the old one.
func (u *urlDoc) set(auth types.FunctionUrlAuthType, mode types.InvokeMode, cors *types.Cors) error {
	switch auth {
	case types.FunctionUrlAuthTypeNone, types.FunctionUrlAuthTypeAwsIam:
		u.AuthType = string(auth)
	case "":
		if u.AuthType == "" {
			return invalidValue("authType", "", "Member must not be null")
		}
	default:
		return invalidValue("authType", string(auth), "Member must satisfy enum value set: [NONE, AWS_IAM]")
	}
	switch mode {
	case types.InvokeModeBuffered:
		u.Mode = string(mode)
	case "":
		if u.Mode == "" {
			u.Mode = string(types.InvokeModeBuffered)
		}
	case types.InvokeModeResponseStream:
		// Python functions cannot stream without a layer.
		return notImplemented("InvokeMode RESPONSE_STREAM")
	default:
		return invalidValue("invokeMode", string(mode), "Member must satisfy enum value set: [BUFFERED, RESPONSE_STREAM]")
	}
	if cors == nil {
		return nil
	}
	c := &corsDoc{
		Credentials: aws.ToBool(cors.AllowCredentials), Headers: cors.AllowHeaders, Methods: cors.AllowMethods,
		Origins: cors.AllowOrigins, Expose: cors.ExposeHeaders, MaxAge: aws.ToInt32(cors.MaxAge),
	}
	if err := c.check(); err != nil {
		return err
	}
	u.CORS = c
	return nil
}

var methods = []string{"GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "*"}

var headerName = regexp.MustCompile(`^[!#$%&'*+.^_|~0-9A-Za-z,\- ` + "`" + `]+$`)

// check holds the limits of the Cors type. AllowMethods takes at most six
// characters each, so OPTIONS cannot be given: AWS answers preflights itself.
// https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html
func (c *corsDoc) check() error {
	if len(c.Methods) > 6 {
		return invalidValue("cors.allowMethods", fmt.Sprint(c.Methods), "Member must have length less than or equal to 6")
	}
	for _, m := range c.Methods {
		if len(m) > 6 {
			return invalidValue("cors.allowMethods", fmt.Sprint(c.Methods), "Member must satisfy constraint: [Member must have length less than or equal to 6, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: .*]")
		}
		if !slices.Contains(methods, m) {
			return invalidParameter("Invalid method %s: AllowMethods takes %s", m, strings.Join(methods, ", "))
		}
	}
	for _, l := range []struct {
		member string
		values []string
		most   int // characters each
	}{
		{"cors.allowHeaders", c.Headers, 1024},
		{"cors.allowOrigins", c.Origins, 253},
		{"cors.exposeHeaders", c.Expose, 1024},
	} {
		if len(l.values) > 100 {
			return invalidValue(l.member, fmt.Sprint(len(l.values)), "Member must have length less than or equal to 100")
		}
		for _, v := range l.values {
			if v == "" || len(v) > l.most || l.member != "cors.allowOrigins" && !headerName.MatchString(v) {
				return invalidValue(l.member, v, fmt.Sprintf("Member must have length between 1 and %d", l.most))
			}
		}
	}
	return checkSize("cors.maxAge", c.MaxAge, 0, 86400)
}

// shown is the configuration as the API gives it back; an empty one is none.
func (c *corsDoc) shown() *types.Cors {
	if !c.configured() {
		return nil
	}
	return &types.Cors{
		AllowCredentials: aws.Bool(c.Credentials), AllowHeaders: c.Headers, AllowMethods: c.Methods,
		AllowOrigins: c.Origins, ExposeHeaders: c.Expose, MaxAge: aws.Int32(c.MaxAge),
	}
}

func (c *corsDoc) configured() bool {
	return c != nil && (c.Credentials || c.MaxAge > 0 || len(c.Headers)+len(c.Methods)+len(c.Origins)+len(c.Expose) > 0)
}

// newURLID makes an id like AWS's: 32 lower-case letters and digits.
func newURLID() string { return randomHex(16) }
