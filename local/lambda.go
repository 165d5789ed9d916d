package local

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/lambda/schemas"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
	"go.etcd.io/bbolt"
)

// lambdaService is Lambda: its control plane, the Function URLs and the
// environments in which functions run.
type lambdaService struct {
	*Server
	races races

	ctx  context.Context // ends with close
	stop context.CancelFunc
	work sync.WaitGroup // everything that runs in the background

	mu           sync.Mutex
	closed       bool
	opening      sync.Mutex           // of openURLs
	fronts       map[string]*urlFront // by the URL's id
	byAddress    map[string]*urlFront // by host:port, for those that have a socket
	pools        map[string]*pool     // by key(region, function)
	busy         map[string]int       // running invocations, by Region
	environments map[string]environment
	children     map[string]*childEnvironment // by the token in their Runtime API path
}

// functionKeyPrefix begins the access keys of functions. AWS's temporary keys
// begin with ASIA.
const functionKeyPrefix = "ASIALOCAL"

func newLambda(s *Server) *lambdaService {
	x := &lambdaService{
		Server:       s,
		fronts:       map[string]*urlFront{},
		byAddress:    map[string]*urlFront{},
		pools:        map[string]*pool{},
		busy:         map[string]int{},
		environments: map[string]environment{},
		children:     map[string]*childEnvironment{},
	}
	x.ctx, x.stop = context.WithCancel(context.Background())
	x.clearRunFolder()
	return x
}

// close ends the Function URLs and every environment, and waits for them.
func (x *lambdaService) close() {
	x.stop()
	x.mu.Lock()
	x.closed = true
	fronts, all := x.fronts, x.environments
	x.fronts, x.byAddress, x.environments = map[string]*urlFront{}, map[string]*urlFront{}, map[string]environment{}
	x.mu.Unlock()
	for _, f := range fronts {
		f.close()
	}
	for _, e := range all {
		e.close()
	}
	x.work.Wait()
	x.clearRunFolder()
}

// isFunctionKey says whether an access key belongs to a function.
func (x *lambdaService) isFunctionKey(accessKey string) bool {
	return strings.HasPrefix(accessKey, functionKeyPrefix)
}

// roleOf returns the ARN of the role that a function's key stands for. A key
// lives as long as its environment.
func (x *lambdaService) roleOf(accessKey string) (roleARN string, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, ok := x.environments[accessKey]
	if !ok {
		return "", false
	}
	return e.about().version.Role, true
}

// functionOf returns the name of the function that holds a key.
func (x *lambdaService) functionOf(accessKey string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e, ok := x.environments[accessKey]; ok {
		return e.about().function
	}
	return ""
}

// tagged lists the functions with their tags.
func (x *lambdaService) tagged() ([]taggedResource, error) {
	var found []taggedResource
	err := x.db.view(func(tx *bbolt.Tx) error {
		found = nil
		docs, err := list[functionDoc](tx, bucketFunctions, "")
		for _, d := range docs {
			found = append(found, taggedResource{ARN: d.arn(), Region: d.Region, Tags: d.Tags})
		}
		return err
	})
	return found, err
}

// lambdaOperations are the operations that this package has, with the paths of
// the SDK's own schemas.
var lambdaOperations = []*smithy.Schema{
	schemas.AddPermission,
	schemas.CreateFunction,
	schemas.CreateFunctionUrlConfig,
	schemas.DeleteFunction,
	schemas.DeleteFunctionConcurrency,
	schemas.DeleteFunctionUrlConfig,
	schemas.GetAccountSettings,
	schemas.GetFunction,
	schemas.GetFunctionConcurrency,
	schemas.GetFunctionConfiguration,
	schemas.GetFunctionUrlConfig,
	schemas.GetPolicy,
	schemas.Invoke,
	schemas.ListFunctions,
	schemas.ListFunctionUrlConfigs,
	schemas.ListTags,
	schemas.PutFunctionConcurrency,
	schemas.RemovePermission,
	schemas.TagResource,
	schemas.UntagResource,
	schemas.UpdateFunctionCode,
	schemas.UpdateFunctionConfiguration,
	schemas.UpdateFunctionUrlConfig,
}

func lambdaRoutes() []route {
	routes := make([]route, 0, len(lambdaOperations))
	for _, op := range lambdaOperations {
		h, ok := smithy.SchemaTrait[*traits.HTTP](op)
		if !ok {
			continue
		}
		routes = append(routes, route{
			method:    h.Method,
			path:      strings.Split(strings.Trim(h.URI, "/"), "/"),
			operation: op.ID().Name,
		})
	}
	return routes
}

// answered gives an Output the status that the operation has on AWS.
func answered(op *smithy.Schema, out any) status {
	code := http.StatusOK
	if h, ok := smithy.SchemaTrait[*traits.HTTP](op); ok && h.Code != 0 {
		code = h.Code
	}
	return status{Status: code, Output: out}
}

// randomHex returns n random bytes as hexadecimal digits.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand.Read
	return hex.EncodeToString(b)
}

// hexUpper returns n random bytes as upper-case hexadecimal digits.
func hexUpper(n int) string { return strings.ToUpper(randomHex(n)) }
