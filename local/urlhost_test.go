package local

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// sockets lets the server open sockets for Function URLs.
func sockets(addr string) (net.Listener, error) { return net.Listen("tcp", addr) }

// lambdaPackage is the smallest deployment package, and its hash.
func lambdaPackage(t *testing.T) (zipped []byte, sha string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create("lambda_function.py"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return b.Bytes(), base64.StdEncoding.EncodeToString(sum[:])
}

// fronted makes a function with a URL and returns the URL's address and how often
// the function ran.
func fronted(t *testing.T, auth types.FunctionUrlAuthType, cors *types.Cors, change ...func(*Config)) (a *account, address string, ran *atomic.Int32) {
	t.Helper()
	ran = new(atomic.Int32)
	code, sha := lambdaPackage(t)
	a = newAccount(t, Lags{}, append(change, func(c *Config) {
		c.Listen = sockets
		c.Twin = &Twin{SHA256: []string{sha}, New: func(TwinEnvironment) func(context.Context, []byte) ([]byte, error) {
			return func(context.Context, []byte) ([]byte, error) {
				ran.Add(1)
				return []byte(`"ran"`), nil
			}
		}}
	})...)
	client := lambda.NewFromConfig(a.config())
	must(client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("F"), Role: aws.String(a.role(t, "R")), Runtime: types.RuntimePython312,
		Handler: aws.String("lambda_function.lambda_handler"), Code: &types.FunctionCode{ZipFile: code},
	}))(t)
	out := must(client.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("F"), AuthType: auth, Cors: cors}))(t)
	return a, strings.TrimSuffix(strings.TrimPrefix(*out.FunctionUrl, "http://"), "/"), ran
}

// public is one whose URL is for everybody.
func public(t *testing.T, cors *types.Cors) (a *account, address string, ran *atomic.Int32) {
	t.Helper()
	a, address, ran = fronted(t, types.FunctionUrlAuthTypeNone, cors)
	client := lambda.NewFromConfig(a.config())
	must(client.AddPermission(t.Context(), &lambda.AddPermissionInput{FunctionName: aws.String("F"), StatementId: aws.String("One"),
		Action: aws.String("lambda:InvokeFunctionUrl"), Principal: aws.String("*"), FunctionUrlAuthType: "NONE"}))(t)
	must(client.AddPermission(t.Context(), &lambda.AddPermissionInput{FunctionName: aws.String("F"), StatementId: aws.String("Two"),
		Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("*"), InvokedViaFunctionUrl: aws.Bool(true)}))(t)
	return a, address, ran
}

// A Function URL is for every origin, as its CORS says, and for no other name.
func TestAFunctionURLAnswersOnlyToItsOwnName(t *testing.T) {
	t.Attr("promise", "T25")
	a, address, ran := public(t, &types.Cors{AllowOrigins: []string{"http://app.example"}})
	_, port, _ := net.SplitHostPort(address)
	ids := slices.Collect(maps.Keys(a.server.lambda.fronts))
	id := ids[0]
	c := &rawLine{t: t, address: address}
	defer c.close()
	cases := 0
	hosts := append([]string{id + ".lambda-url.us-east-1.localhost:PORT"}, matrixHosts...)
	hosts = append(hosts, id+".lambda-url.us-east-1.evil.example:PORT", "x.lambda-url.us-east-1.localhost:PORT")
	for h, host := range hosts {
		host := strings.ReplaceAll(host, "PORT", port)
		for _, origin := range matrixOrigins {
			origin := strings.ReplaceAll(strings.ReplaceAll(origin, "https://OWN", "https://"+host), "OWN", "http://"+host)
			for _, method := range matrixMethods {
				for _, kind := range matrixTypes {
					cases++
					ran.Store(0)
					status, answer := c.send(method, head(method, "/", host, origin, "Content-Type: "+kind, "Content-Length: 1")+"\r\nx")
					if own := h < 4; own != (ran.Load() == 1) || own != (status == 200) || !own && status != 403 {
						t.Errorf("%s, Host %q, Origin %q, %s: %d %s, the function ran %d times", method, host, origin, kind, status, answer, ran.Load())
					}
				}
			}
		}
	}
	for _, text := range []string{
		"GET http://" + address + "/ HTTP/1.1\r\nHost: " + address + "\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: " + address + "\r\n\r\n",
		"CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
	} {
		cases++
		ran.Store(0)
		method, _, _ := strings.Cut(text, " ")
		one := &rawLine{t: t, address: address}
		if status, answer := one.send(method, text); status != 403 || ran.Load() != 0 {
			t.Errorf("%q: %d %s", text, status, answer)
		}
		one.close()
	}
	t.Attr("cases", strconv.Itoa(cases))
}
