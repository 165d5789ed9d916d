package provision

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Pinned are credentials that stay those of one account. Credentials change
// while a run is under way: they are refreshed, a profile is edited, somebody
// signs in anew. What is new is asked whose it is before any call is signed with
// it, and only that question is: an access key belongs to one account for ever.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
type Pinned struct {
	cfg aws.Config

	mu    sync.Mutex
	inner aws.CredentialsProvider
	key   string   // the access key that may sign
	who   Identity // whose it is; zero until Settle
	seen  func(credentials aws.Credentials)
	stop  func(error)
}

// Pin takes over the credentials of cfg. seen is told of all that come up, and
// stop of another account's: the run must end, whatever a step makes of it.
func Pin(cfg aws.Config, seen func(aws.Credentials), stop func(error)) *Pinned {
	return &Pinned{cfg: cfg.Copy(), inner: cfg.Credentials, seen: seen, stop: stop}
}

// Settle says whose the credentials are that have signed until now. From here
// on others must be of the same account.
func (p *Pinned) Settle(who Identity) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.who = who
}

// Replace takes other credentials, those of a new login.
func (p *Pinned) Replace(inner aws.CredentialsProvider) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inner = inner
}

// Retrieve returns credentials of the account, or an AccountError.
func (p *Pinned) Retrieve(ctx context.Context) (aws.Credentials, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, err := p.inner.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	if found.AccessKeyID == p.key {
		return found, nil
	}
	p.seen(found)
	if p.who.Account != "" {
		if err := p.check(ctx, found); err != nil {
			return aws.Credentials{}, err
		}
	}
	p.key = found.AccessKeyID
	return found, nil
}

func (p *Pinned) check(ctx context.Context, found aws.Credentials) error {
	cfg := p.cfg.Copy()
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return found, nil })
	now, err := Identify(ctx, NewClients(cfg, nil).STS)
	if err != nil {
		return err
	}
	if now.Account != p.who.Account || now.Partition != p.who.Partition {
		err := &AccountError{Began: p.who, Now: now}
		p.stop(err)
		return err
	}
	return nil
}

// An AccountError says that the credentials have become another account's.
type AccountError struct{ Began, Now Identity }

func (e *AccountError) Error() string {
	return fmt.Sprintf("the AWS credentials now belong to account %s, and this run began in account %s", e.Now.Account, e.Began.Account)
}
