package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go/logging"

	"todoctl/provision"
)

// A session is one AWS account, or the one on this machine, ready for calls.
type session struct {
	cfg             provision.Config
	clients         provision.Clients
	identity        provision.Identity
	credentialsFrom string
	renewable       bool // a new login reaches this process
	regionFrom      string
	endpoint        string // "" for AWS's own
	runner          runner // local: what the functions run in
	background      *background
	outlook         provision.Outlook // of the account; empty until a plan was made
}

// localRegion is where the local AWS is, unless --region says otherwise.
const localRegion = "us-east-1"

// connect finds credentials and Region, makes the clients and asks AWS who we
// are. It is the first thing that a command does on the network.
func (c *command) connect(ctx context.Context) (session, error) {
	c.work.start()
	ctx, end := c.working(ctx, map[bool]string{true: "starting the local AWS", false: "asking AWS who you are"}[c.local])
	defer end()
	var s session
	var cfg aws.Config
	var err error
	client := &http.Client{} // to the Function URL, through the person's proxy if there is one
	if c.local {
		client = c.httpClient(0)
		cfg, err = c.localConfig(ctx, &s)
	} else {
		cfg, err = c.awsConfig(ctx, &s)
	}
	if err != nil {
		return s, err
	}
	if c.debug {
		cfg.APIOptions = append(cfg.APIOptions, c.traceCalls)
	}
	pinned := provision.Pin(cfg, c.secrets.learn, c.stop)
	cfg.Credentials = pinned
	if s.renewable {
		cfg.APIOptions = append(cfg.APIOptions, (&signIn{command: c, pinned: pinned}).middleware)
	}
	s.clients = provision.NewClients(cfg, client)
	if s.identity, err = provision.Identify(ctx, s.clients.STS); err != nil {
		return s, err
	}
	pinned.Settle(s.identity)
	s.cfg = provision.Config{
		Account:   s.identity.Account,
		Partition: s.identity.Partition,
		Region:    cfg.Region,
		Stack:     c.stack,
		Version:   version,
		Clock:     c.Clock,
		Local:     c.local,
		Progress:  c.progressed,
	}
	if s.cfg.Codes, err = c.ownCodes(); err != nil {
		return s, err
	}
	s.cfg.Code = s.cfg.Codes[provision.Python]
	return s, nil
}

// localConfig is made by hand: nothing of the user's AWS settings, proxies or
// certificates may find its way into the rehearsal.
func (c *command) localConfig(ctx context.Context, s *session) (aws.Config, error) {
	b, err := c.startLocal(ctx)
	if err != nil {
		return aws.Config{}, err
	}
	s.background, s.endpoint = b, b.endpoint()
	if s.runner, err = c.runner(ctx, b); err != nil {
		return aws.Config{}, err
	}
	s.regionFrom = "the local default"
	if c.region != "" {
		s.regionFrom = "from --region"
	}
	s.credentialsFrom = "todoctl itself"
	return c.configFor(b), nil
}

// configFor points the SDK at a local AWS.
func (c *command) configFor(b *background) aws.Config {
	return aws.Config{
		Region:       cmp.Or(c.region, localRegion),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: aws.String(b.endpoint()),
		HTTPClient:   c.httpClient(0),
	}
}

// loadAWS takes what the SDK finds, as every AWS tool does, with one
// exception: the EC2 metadata service is not asked, because on a laptop that
// only makes a missing login slow to report.
func (c *command) loadAWS(ctx context.Context) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{config.WithEC2IMDSClientEnableState(imds.ClientDisabled)}
	if c.profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.profile))
	}
	if c.region != "" {
		options = append(options, config.WithRegion(c.region))
	}
	if c.Getenv("AWS_CA_BUNDLE") == "" { // the SDK refuses its own client with one
		options = append(options, config.WithHTTPClient(awshttp.NewBuildableClient()))
	}
	return config.LoadDefaultConfig(ctx, options...)
}

// awsConfig makes sure that there are a Region and credentials.
func (c *command) awsConfig(ctx context.Context, s *session) (aws.Config, error) {
	cfg, err := c.loadAWS(ctx)
	if err != nil {
		return cfg, err
	}
	cfg.Logger = logging.Nop{} // people read our words; --debug has lines of its own
	if cfg.Region == "" {
		// Who is not signed in has no use for a Region yet, and signing in brings one.
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			err = errors.Join(errNoCredentials, err)
			if explain(err, nowhere).ID == "TODO-CRED-01" {
				return cfg, err
			}
		}
		return cfg, noRegion(c.again())
	}
	s.regionFrom, c.askedRegion = c.regionSource(), cfg.Region
	if !regionForm.MatchString(cfg.Region) {
		return cfg, told("TODO-ACCT-04", fmt.Sprintf("there is no Region %q", cfg.Region), c.inRegion("us-east-1"))
	}
	if cfg.BaseEndpoint != nil {
		s.endpoint = *cfg.BaseEndpoint
	}
	found, err := cfg.Credentials.Retrieve(ctx)
	if err != nil && networkProblem(err, nowhere) != nil {
		return cfg, err
	}
	if err != nil {
		return cfg, errors.Join(errNoCredentials, err)
	}
	s.credentialsFrom, s.renewable = c.credentialSource(found.Source), !fixedCredentials(found)
	return cfg, nil
}

// errNoCredentials marks that nobody is signed in, so that a terminal may offer
// a rehearsal.
var errNoCredentials = errors.New("get credentials")

func (c *command) regionSource() string {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if c.region == "" && c.Getenv(name) != "" {
			return "from " + name
		}
	}
	if c.region != "" {
		return "from --region"
	}
	return "from " + c.profileName()
}

// keysInEnvironment says whether access keys stand in the environment, whole.
func (c *command) keysInEnvironment() bool {
	return c.Getenv("AWS_ACCESS_KEY_ID") != "" && c.Getenv("AWS_SECRET_ACCESS_KEY") != ""
}

func (c *command) profileName() string {
	for _, name := range []string{c.profile, c.Getenv("AWS_PROFILE"), c.Getenv("AWS_DEFAULT_PROFILE")} {
		if name != "" {
			return "profile " + name
		}
	}
	return "profile default"
}

// credentialSource puts the SDK's name for a credential provider into words.
func (c *command) credentialSource(source string) string {
	switch {
	case source == config.CredentialsSourceName:
		text := "environment variables (AWS_ACCESS_KEY_ID)"
		if c.Getenv("AWS_PROFILE") != "" { // with --profile the keys are not looked at
			text += fmt.Sprintf(", which win over %s", c.profileName())
		}
		return text
	case strings.HasPrefix(source, "SharedConfigCredentials"):
		return c.profileName()
	case strings.Contains(source, "Login"):
		return "aws login, " + c.profileName()
	case strings.Contains(source, "SSO"):
		return "IAM Identity Center, " + c.profileName()
	case strings.Contains(source, "Process"):
		return "the credential_process of " + c.profileName()
	case strings.Contains(source, "AssumeRole"), strings.Contains(source, "WebIdentity"):
		return "an assumed role, " + c.profileName()
	case source == "":
		return c.profileName()
	}
	return source
}
