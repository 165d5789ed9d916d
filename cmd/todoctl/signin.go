package main

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"todoctl/provision"
)

// A signIn lets a run whose credentials expire go on at the same call, once the
// person has signed in again in another window.
type signIn struct {
	*command
	pinned *provision.Pinned

	mu       sync.Mutex
	times    int // how often new credentials were taken
	declined bool
}

// middleware puts the offer around each call, outside its retries.
func (s *signIn) middleware(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("TodoctlSignIn",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			for {
				times := s.taken()
				out, metadata, err := next.HandleFinalize(ctx, in)
				if err == nil || !signInExpired(err) || !s.again(ctx, times) {
					return out, metadata, err
				}
				if r, ok := in.Request.(*smithyhttp.Request); ok {
					if err := r.RewindStream(); err != nil {
						return out, metadata, err
					}
				}
			}
		}), "Retry", middleware.Before)
}

func (s *signIn) taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.times
}

// again waits for a new login, and says whether there is one. Steps at work at
// the same time share it: times is what taken said before the call.
func (s *signIn) again(ctx context.Context, times int) bool {
	if !s.asking() || !s.tally.begun() || ctx.Err() != nil {
		return false
	}
	s.talk.Lock()
	defer s.talk.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.times != times || s.declined {
		return !s.declined
	}
	if ctx.Err() != nil { // the question before this one was answered with Ctrl-C
		return false
	}
	if out, people := s.view().(*words); people {
		out.hold()
		defer out.release()
	}
	s.words().Problem(&Problem{
		ID:  "TODO-CRED-02",
		Why: "what was begun waits for you; nothing is lost",
		Fix: []string{"aws login   (in another window; or sign in as you did before)"},
	})
	yes, err := s.confirm(ctx, "Signed in again? Then it goes on here.", true)
	if err != nil || !yes {
		s.declined = true
		return false
	}
	cfg, err := s.loadAWS(ctx)
	if err != nil {
		return false
	}
	s.pinned.Replace(cfg.Credentials)
	s.times++
	return true
}

// fixedCredentials says that a new login cannot reach this process.
func fixedCredentials(found aws.Credentials) bool {
	return found.Source == config.CredentialsSourceName
}

// signInExpired says that the credentials were good and are no more.
func signInExpired(err error) bool {
	if _, other := errors.AsType[*provision.AccountError](err); other {
		return false
	}
	if _, ok := errors.AsType[smithy.APIError](err); ok {
		return provision.IsExpired(err)
	}
	return loginExpired(err)
}
