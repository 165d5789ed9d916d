package local

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"go.etcd.io/bbolt"
)

// unpack lays out the folder of an environment: the function's code in "task",
// and a home and a place for temporary files of its own.
func (e *childEnvironment) unpack(dir string) error {
	for _, sub := range []string{"task", "home", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	var code []byte
	err := e.x.db.view(func(tx *bbolt.Tx) (err error) {
		code, _, err = get[[]byte](tx, bucketCode, e.version.CodeSHA256)
		return err
	})
	if err != nil {
		return err
	}
	r, err := zip.NewReader(bytes.NewReader(code), int64(len(code)))
	if err != nil {
		return fmt.Errorf("the code of %s: %w", e.function, err)
	}
	root, err := os.OpenRoot(filepath.Join(dir, "task")) // nothing in the zip can leave it
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	left := int64(maxUnzipped)
	for _, f := range r.File {
		if f.FileInfo().IsDir() || !f.Mode().IsRegular() {
			continue
		}
		name := filepath.FromSlash(f.Name)
		if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		n, err := unpackFile(root, name, f, left)
		if err != nil {
			return fmt.Errorf("the code of %s: %w", e.function, err)
		}
		left -= n
	}
	return nil
}

// unpackFile writes one file. It can be executed if the zip says so: on Lambda
// a program without that bit does not start.
func unpackFile(root *os.Root, name string, f *zip.File, left int64) (n int64, err error) {
	src, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer func() { _ = src.Close() }()
	mode := os.FileMode(0o600)
	if f.Mode()&0o111 != 0 {
		mode = 0o700
	}
	dst, err := root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	n, err = io.Copy(dst, io.LimitReader(src, left+1))
	if err == nil && n > left {
		err = fmt.Errorf("unzipped size must be smaller than %d bytes", maxUnzipped)
	}
	return n, err
}

// environ is the child's whole environment: nothing of this program's own
// leaks in, above all no proxy, no AWS_PROFILE and no real credentials.
func (e *childEnvironment) environ(dir string) []string {
	endpoint, v := e.x.endpoint(), e.version
	vars := make([]string, 0, 32)
	for k, value := range v.Variables {
		vars = append(vars, k+"="+value)
	}
	for _, v := range append([][2]string{
		{"PATH", e.launcher.folder + string(os.PathListSeparator) + systemPath},
		{"TZ", ":UTC"},
		{"HOME", filepath.Join(dir, "home")},
		{"USERPROFILE", filepath.Join(dir, "home")},
		{"TMPDIR", filepath.Join(dir, "tmp")},
		{"TEMP", filepath.Join(dir, "tmp")},
		{"TMP", filepath.Join(dir, "tmp")},
		{"_HANDLER", v.Handler},
		{"LAMBDA_TASK_ROOT", filepath.Join(dir, "task")},
		{"LAMBDA_RUNTIME_DIR", dir},
		{"AWS_LAMBDA_RUNTIME_API", strings.TrimPrefix(endpoint, "http://") + runtimePath + e.token},
		{"AWS_LAMBDA_FUNCTION_NAME", e.function},
		{"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
		{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", fmt.Sprint(v.Memory)},
		{"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
		{"AWS_LAMBDA_LOG_GROUP_NAME", e.group},
		{"AWS_LAMBDA_LOG_STREAM_NAME", e.stream},
		{"AWS_EXECUTION_ENV", "AWS_Lambda_" + v.Runtime},
		{"AWS_REGION", e.region},
		{"AWS_DEFAULT_REGION", e.region},
		{"AWS_ACCESS_KEY_ID", e.accessKey},
		{"AWS_SECRET_ACCESS_KEY", functionSecret},
		{"AWS_SESSION_TOKEN", functionSession},
		{"AWS_ENDPOINT_URL", endpoint},
		{"AWS_EC2_METADATA_DISABLED", "true"},
	}, e.launcher.variables...) {
		vars = append(vars, v[0]+"="+v[1]) // later ones win, so a function cannot change these
	}
	return vars
}
