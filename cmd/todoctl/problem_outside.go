package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/smithy-go"

	"todoctl/provision"
)

// What can be wrong before AWS has read a call: who signs it, where it goes, and
// what lies between.

// waysIn is how to get credentials, in the order that a beginner should try.
// `aws login` exists since AWS CLI 2.32.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html
var waysIn = []string{
	"aws login            (through the browser; AWS CLI 2.32 or newer)",
	"todoctl up --local   (or rehearse with no account at all)",
}

func noRegion(again string) *Problem {
	return &Problem{ID: "TODO-ACCT-02", Fix: []string{again + " --region us-east-1", "aws configure set region us-east-1"}}
}

// credentialProblem explains what is wrong with the credentials, nil when it is
// something else. The SDK has types for some of it, and for the rest texts only.
func credentialProblem(err error, on way) *Problem {
	if e, ok := errors.AsType[*provision.AccountError](err); ok {
		return told("TODO-CRED-10", e.Error(), "aws sts get-caller-identity", on.onward())
	}
	if signInExpired(err) {
		return keysProblem(&Problem{ID: "TODO-CRED-02", Why: on.far, Fix: []string{waysIn[0], on.onward()}}, on)
	}
	if _, ok := errors.AsType[*aws.MissingRegionError](err); ok {
		return noRegion(on.again)
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return signatureProblem(e, on)
	}
	if e, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		return told("TODO-CRED-05", "the AWS profile "+provision.Quote(e.Profile)+" does not exist", "aws configure list-profiles")
	}
	if e, ok := errors.AsType[config.SharedConfigAssumeRoleError](err); ok {
		return told("TODO-CRED-07", "the profile "+provision.Quote(e.Profile)+" takes its sign-in from another one that has none", "aws configure list-profiles", waysIn[0])
	}
	if e, ok := errors.AsType[config.SharedConfigLoadError](err); ok {
		return told("TODO-CRED-08", "the AWS settings in "+e.Filename+" cannot be read", "aws configure list")
	}
	if _, ok := errors.AsType[*processcreds.ProviderError](err); ok {
		return &Problem{ID: "TODO-CRED-09", Fix: []string{"aws configure get credential_process", waysIn[0]}}
	}
	text := err.Error()
	for _, none := range []string{"get credentials", "refresh cached credentials", "no EC2 IMDS role found", "static credentials are empty"} {
		if strings.Contains(text, none) && networkProblem(err, on) == nil {
			return &Problem{ID: "TODO-CRED-01", Fix: waysIn}
		}
	}
	return nil
}

// loginExpired says that the login behind the credentials is over. The SDK has
// no codes for it.
func loginExpired(err error) bool {
	text := err.Error()
	return strings.Contains(text, "please reauthenticate") || strings.Contains(text, "create oauth2 token") ||
		strings.Contains(text, "token has expired") || strings.Contains(text, "SSO session has expired")
}

// signatureProblem explains that AWS does not take who signed, or how.
func signatureProblem(e smithy.APIError, on way) *Problem {
	again := append([]string{"aws configure list   (which key is used, and where it comes from)"}, waysIn...)
	switch e.ErrorCode() {
	case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId":
		if optIn(on.region) && on.shadowed == "" {
			return told("TODO-ACCT-03", "the Region "+on.region+" is not enabled for your account, or the credentials are wrong", on.inRegion("us-east-1"), again[0])
		}
		return keysProblem(&Problem{ID: "TODO-CRED-03", Fix: again}, on)
	case "RequestTimeTooSkewed", "RequestExpired":
		return &Problem{ID: "TODO-NET-05", Fix: []string{"date -u   (compare it with a phone's clock)", on.onward()}}
	case "SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure":
		// One code for a wrong key and a wrong time; only the text tells them apart.
		if strings.Contains(e.ErrorMessage(), "Signature expired") || strings.Contains(e.ErrorMessage(), "Signature not yet current") {
			return &Problem{ID: "TODO-NET-05", Fix: []string{"date -u   (compare it with a phone's clock)", on.onward()}}
		}
		return keysProblem(&Problem{ID: "TODO-CRED-04", Fix: again}, on)
	}
	return nil
}

// keysProblem says of keys that come from the environment how to be rid of them:
// no other sign-in is looked at while they are there.
func keysProblem(p *Problem, on way) *Problem {
	if on.unset == "" {
		return p
	}
	if on.shadowed != "" {
		return told("TODO-CRED-06", "AWS does not take the keys in the environment, and they win over "+on.shadowed, on.unset, on.again)
	}
	p = p.complete()
	p.Why = strings.TrimPrefix(p.Why+"; the keys stand in the environment, where they win over a sign-in", "; ")
	p.Fix = append([]string{on.unset}, p.Fix...)
	return p
}

// regionForm is what every Region is called like: us-gov-west-1. A name of
// another form would be looked for in the name service for half a minute.
var regionForm = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)

// A timeout is an error that may be for want of an answer in time. net.Error
// wants more than some of them have.
type timeout interface {
	error
	Timeout() bool
}

// networkProblem explains why no answer of AWS came, nil when one did.
func networkProblem(err error, on way) *Problem {
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		if on.region != "" && !knownRegion(on.region) && strings.Contains(e.Name, on.region) {
			return told("TODO-ACCT-04", "there seems to be no Region "+on.region, on.inRegion("us-east-1"))
		}
		return told("TODO-NET-01", "the name "+e.Name+" could not be found", on.again)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		if on.local {
			return &Problem{ID: "TODO-LOCAL-02", Fix: []string{on.again + "   (starts it again, and continues)"}}
		}
		if e.Op == "proxyconnect" {
			return &Problem{ID: "TODO-NET-09", Fix: []string{"env | grep -i _proxy", "unset HTTPS_PROXY HTTP_PROXY https_proxy http_proxy"}}
		}
		where := "AWS"
		if e.Addr != nil {
			where = e.Addr.String()
		}
		return told("TODO-NET-02", "no connection to "+where, on.again)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &Problem{ID: "TODO-NET-08", Fix: []string{"export AWS_CA_BUNDLE=/path/to/company-ca.pem   (in a company with a proxy)"}}
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return &Problem{ID: "TODO-NET-03", Fix: []string{on.again}}
	}
	if e, ok := errors.AsType[timeout](err); errors.Is(err, context.DeadlineExceeded) || ok && e.Timeout() {
		return &Problem{ID: "TODO-NET-04", Fix: []string{on.again}}
	}
	return nil
}
