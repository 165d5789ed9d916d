package local

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Signers that share no code with the Go SDK and none with this package. They
// sign in real time, so the server's clock is the machine's here.
func signedOnly(t *testing.T) (a *account, address string) {
	t.Helper()
	a, address, _ = fronted(t, types.FunctionUrlAuthTypeAwsIam, nil, func(c *Config) { c.Now = time.Now })
	return a, address
}

const botocoreSigner = `
import sys
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
to, secret = sys.argv[1], sys.argv[2]
http = URLLib3Session()
def send(how, method, target, body):
    keys = Credentials("AKIATEST", secret, "a/token+of=any" if how == "token" else None)
    r = AWSRequest(method, to + target, data=body, headers={"content-type": "application/json", "x-mine": " a   b "})
    if how == "query":
        SigV4QueryAuth(keys, "lambda", "us-east-1", expires=60).add_auth(r)
    else:
        SigV4Auth(keys, "lambda", "us-east-1").add_auth(r)
    print(how, method, target, http.send(r.prepare()).status_code)
for target in ["/", "/a", "/a/", "/a%20b", "/a%2Fb", "/a%252Fb", "/%C3%BC", "/a//b", "/a/../b", "/a+b", "/~a_b-c.d",
               "/?a=1", "/?b=2&a=1", "/?a", "/?a=", "/?a=1&a=2", "/?a=b%20c", "/?a=b%2Bc", "/?a=b%2Fc", "/?a=%C3%BC", "/?next=YWJj%3D%3D&limit=10"]:
    send("query", "GET", target, None)  # it makes a body part of the query
    for how in ["header", "token"]:
        for method, body in [("GET", None), ("POST", '{"task": "Grüße"}'.encode()), ("PUT", b"\x00\xff")]:
            send(how, method, target, body)
`

func TestURLWithIAMTakesWhatBotocoreSigns(t *testing.T) {
	t.Parallel()
	python, err := exec.Command("python3", "-c", "import botocore, sys; print(sys.executable)").Output()
	if err != nil {
		t.Skip("python3 with boto3 is not on this machine; the Go SDK's signer is still tested")
	}
	a, address := signedOnly(t)
	for secret, status := range map[string]string{"local": " 200", "Local": " 403"} {
		cmd := a.besides(t, "http://"+address, strings.TrimSpace(string(python)), "-c", botocoreSigner, "http://"+address, secret)
		var trouble strings.Builder
		cmd.Stderr = &trouble
		out, err := cmd.Output()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if err != nil || len(lines) != 21*7 {
			t.Fatalf("%d lines, %v\n%s", len(lines), err, trouble.String())
		}
		for _, line := range lines {
			if !strings.HasSuffix(line, status) {
				t.Errorf("with the secret %q: %s", secret, line)
			}
		}
	}
}

// The line that todoctl prints for whoever has curl. It signs since 7.75; what a
// path or a query looks like that is not written plainly changed several times
// since then, so these are the plain ones.
func TestURLWithIAMTakesWhatCurlSigns(t *testing.T) {
	t.Parallel()
	help, err := exec.Command("curl", "--help", "all").Output()
	if err != nil || !strings.Contains(string(help), "--aws-sigv4") {
		t.Skip("no curl that signs is on this machine; the Go SDK's signer is still tested")
	}
	a, address := signedOnly(t)
	for _, args := range [][]string{
		{"/"}, {"/a/b-c"}, {"/?a=1&b=2"}, {"/?limit=10"},
		{"/", "-d", `{"task": "Grüße"}`, "-H", "content-type: application/json"},
		{"/a", "-X", "PUT", "-d", `{"completed": true}`, "-H", "content-type: application/json"},
		{"/a", "-X", "DELETE"},
		{"/", "-H", "x-amz-security-token: a/token+of=any"},
	} {
		for user, want := range map[string]string{"AKIATEST:local": "200", "AKIATEST:Local": "403"} {
			line := append([]string{"-s", "-o", "-", "-w", "%{http_code}", "--aws-sigv4", "aws:amz:us-east-1:lambda", "--user", user, "http://" + address + args[0]}, args[1:]...)
			out, err := a.besides(t, "http://"+address, "curl", line...).Output()
			if err != nil || !strings.HasSuffix(string(out), want) {
				t.Errorf("curl %q: %v %s, should be %s", line, err, out, want)
			}
		}
	}
}
