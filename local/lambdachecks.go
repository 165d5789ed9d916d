package local

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Lambda's limits.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	maxZip          = 52428800  // a zip sent in the call, in bytes
	maxUnzipped     = 262144000 // bytes
	maxTimeout      = 900       // seconds
	minMemory       = 128       // MB
	maxMemory       = 3008      // MB; new accounts have this, others 10,240
	maxFunctionTags = 50
)

var functionName = bounded(`^[a-zA-Z0-9-_]+$`, 64)

// newFunction checks a CreateFunction and makes the document, without its code.
func newFunction(r resource, in *lambda.CreateFunctionInput) (functionDoc, error) {
	switch {
	case in.PackageType == types.PackageTypeImage,
		in.Code != nil && (in.Code.S3Bucket != nil || in.Code.ImageUri != nil):
		return functionDoc{}, notImplemented("CreateFunction with anything but a ZipFile")
	case in.Publish, len(in.Layers) > 0, len(in.FileSystemConfigs) > 0, in.VpcConfig != nil, in.DeadLetterConfig != nil,
		in.CodeSigningConfigArn != nil, in.ImageConfig != nil, in.DurableConfig != nil, in.TenancyConfig != nil, in.CapacityProviderConfig != nil:
		return functionDoc{}, notImplemented("CreateFunction with Publish, Layers, file systems, a VPC, a dead-letter queue or code signing")
	}
	d := functionDoc{
		Region:      r.region,
		Name:        r.name,
		Description: aws.ToString(in.Description),
		Tags:        in.Tags,
		Storage:     512,
		Logging:     loggingDoc{Format: string(types.LogFormatText), Group: "/aws/lambda/" + r.name},
		Now: versionDoc{
			Role:         aws.ToString(in.Role),
			Timeout:      3,
			Memory:       minMemory,
			Architecture: string(types.ArchitectureX8664),
		},
	}
	if in.Runtime == "" || in.Handler == nil {
		return d, invalidParameter("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	if len(in.Architectures) > 0 {
		d.Now.Architecture = string(in.Architectures[0])
	}
	if err := checkTags(d.Tags); err != nil {
		return d, err
	}
	return d, d.configure(&lambda.UpdateFunctionConfigurationInput{
		Description: in.Description, Environment: in.Environment, EphemeralStorage: in.EphemeralStorage,
		Handler: in.Handler, LoggingConfig: in.LoggingConfig, MemorySize: in.MemorySize, Role: in.Role,
		Runtime: in.Runtime, Timeout: in.Timeout, KMSKeyArn: in.KMSKeyArn, SnapStart: in.SnapStart, TracingConfig: in.TracingConfig,
	}, time.Time{})
}

// configure applies the members that are set. A zero time means that the
// function is only being created.
func (d *functionDoc) configure(in *lambda.UpdateFunctionConfigurationInput, now time.Time) error {
	switch {
	case len(in.Layers) > 0, len(in.FileSystemConfigs) > 0, in.VpcConfig != nil, in.DeadLetterConfig != nil,
		in.ImageConfig != nil, in.DurableConfig != nil, in.CapacityProviderConfig != nil, in.KMSKeyArn != nil,
		in.SnapStart != nil && in.SnapStart.ApplyOn != types.SnapStartApplyOnNone,
		in.TracingConfig != nil && in.TracingConfig.Mode != types.TracingModePassThrough:
		return notImplemented("a function with Layers, file systems, a VPC, a dead-letter queue, a KMS key, SnapStart or tracing")
	}
	v := d.Now
	if in.Runtime != "" {
		if err := checkRuntime(in.Runtime); err != nil {
			return err
		}
		v.Runtime = string(in.Runtime)
	}
	v.Handler = cmp.Or(aws.ToString(in.Handler), v.Handler)
	v.Role = cmp.Or(aws.ToString(in.Role), v.Role)
	if in.Timeout != nil {
		v.Timeout = *in.Timeout
	}
	if in.MemorySize != nil {
		v.Memory = *in.MemorySize
	}
	if err := checkSize("timeout", v.Timeout, 1, maxTimeout); err != nil {
		return err
	}
	if v.Memory < minMemory || v.Memory > maxMemory {
		return invalidParameter("'MemorySize' value failed to satisfy constraint: Member must have value between %d and %d", minMemory, maxMemory)
	}
	if in.Environment != nil {
		v.Variables = in.Environment.Variables
		if err := checkVariables(v.Variables); err != nil {
			return err
		}
	}
	if in.EphemeralStorage != nil {
		d.Storage = aws.ToInt32(in.EphemeralStorage.Size)
		if err := checkSize("ephemeralStorage.size", d.Storage, 512, 10240); err != nil {
			return err
		}
	}
	if in.Description != nil {
		d.Description = *in.Description
	}
	if l := in.LoggingConfig; l != nil {
		if l.LogFormat == types.LogFormatJson || l.ApplicationLogLevel != "" || l.SystemLogLevel != "" {
			return notImplemented("LoggingConfig with LogFormat JSON or log levels")
		}
		d.Logging.Group = cmp.Or(aws.ToString(l.LogGroup), d.Logging.Group)
	}
	if now.IsZero() {
		d.Now = v
		return nil
	}
	d.change(v, now)
	return nil
}

// expect checks the RevisionId that a caller has seen.
func (d *functionDoc) expect(revision *string) error {
	if revision == nil || *revision == d.Revision {
		return nil
	}
	return &apiError{Code: "PreconditionFailedException", Status: 412,
		Message: "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId"}
}

// checkRuntime refuses what Lambda does not know, what it no longer takes, and
// what this machine cannot run.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
func checkRuntime(runtime types.Runtime) error {
	if !slices.Contains(runtime.Values(), runtime) {
		return invalidParameter("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: %v or be a valid ARN", runtime, runtime.Values())
	}
	switch runtime {
	case types.RuntimePython27, types.RuntimePython36, types.RuntimePython37, types.RuntimePython38, types.RuntimePython39,
		types.RuntimeNodejs, types.RuntimeNodejs43, types.RuntimeNodejs43edge, types.RuntimeNodejs610, types.RuntimeNodejs810,
		types.RuntimeNodejs10x, types.RuntimeNodejs12x, types.RuntimeNodejs14x, types.RuntimeNodejs16x, types.RuntimeNodejs18x:
		return invalidParameter("The runtime parameter of %s is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.", runtime)
	}
	if l := language(string(runtime)); l != "python" && l != "nodejs" && runtime != types.RuntimeProvidedal2023 {
		return notImplemented("a function in " + string(runtime) + " (only Python, Node.js and provided.al2023)")
	}
	return nil
}

func checkSize(member string, value, least, most int32) error {
	switch {
	case value < least:
		return invalidValue(member, fmt.Sprint(value), fmt.Sprintf("Member must have value greater than or equal to %d", least))
	case value > most:
		return invalidValue(member, fmt.Sprint(value), fmt.Sprintf("Member must have value less than or equal to %d", most))
	}
	return nil
}

// reservedVariables are environment variables that a function cannot set.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
var reservedVariables = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

var variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

func checkVariables(variables map[string]string) error {
	size := 0
	var taken []string
	for k, v := range variables {
		if slices.Contains(reservedVariables, k) {
			taken = append(taken, k)
		} else if !variableName.MatchString(k) {
			return invalidValue("environment.variables", k, "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]")
		}
		size += len(k) + len(v)
	}
	slices.Sort(taken)
	switch {
	case len(taken) > 0:
		return invalidParameter("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(taken, ", "))
	case size > 4096:
		return invalidParameter("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.")
	}
	return nil
}

func checkTags(tags map[string]string) error {
	if len(tags) > maxFunctionTags {
		return invalidParameter("Too many tags: a function has at most %d", maxFunctionTags)
	}
	for k, v := range tags {
		if k == "" || len(k) > 128 || len(v) > 256 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return invalidParameter("The tag %q is not valid", k)
		}
	}
	return nil
}

// checkZip reads a deployment package and returns its CodeSha256 and size.
func checkZip(data []byte) (sha string, size int64, err error) {
	switch {
	case len(data) == 0:
		return "", 0, invalidParameter("Please provide a source for function code.")
	case len(data) > maxZip:
		return "", 0, &apiError{Code: "RequestEntityTooLargeException", Status: 413,
			Message: "Request must be smaller than 69905067 bytes for the CreateFunction operation"}
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", 0, invalidParameter("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	if len(r.File) == 0 {
		return "", 0, invalidParameter("Uploaded file must be a non-empty zip")
	}
	var unzipped uint64
	for _, f := range r.File {
		unzipped += f.UncompressedSize64
	}
	if unzipped > maxUnzipped {
		return "", 0, invalidParameter("Unzipped size must be smaller than %d bytes", maxUnzipped)
	}
	sum := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(sum[:]), int64(len(data)), nil
}

// configurationOutput is a configuration in the type of CreateFunction's answer.
// The other operations answer with types of the same members.
func configurationOutput(c types.FunctionConfiguration) lambda.CreateFunctionOutput {
	return lambda.CreateFunctionOutput{
		Architectures:              c.Architectures,
		CodeSha256:                 c.CodeSha256,
		CodeSize:                   c.CodeSize,
		Description:                c.Description,
		Environment:                c.Environment,
		EphemeralStorage:           c.EphemeralStorage,
		FunctionArn:                c.FunctionArn,
		FunctionName:               c.FunctionName,
		Handler:                    c.Handler,
		LastModified:               c.LastModified,
		LastUpdateStatus:           c.LastUpdateStatus,
		LastUpdateStatusReason:     c.LastUpdateStatusReason,
		LastUpdateStatusReasonCode: c.LastUpdateStatusReasonCode,
		LoggingConfig:              c.LoggingConfig,
		MemorySize:                 c.MemorySize,
		PackageType:                c.PackageType,
		RevisionId:                 c.RevisionId,
		Role:                       c.Role,
		Runtime:                    c.Runtime,
		SnapStart:                  c.SnapStart,
		State:                      c.State,
		StateReason:                c.StateReason,
		StateReasonCode:            c.StateReasonCode,
		Timeout:                    c.Timeout,
		TracingConfig:              c.TracingConfig,
		Version:                    c.Version,
	}
}
