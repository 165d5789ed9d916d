package main

import (
	"bytes"
	"context"
	"debug/elf"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"todoctl/handler"
	"todoctl/local"
)

// Each runtime is reached from each other one, with code and settings together;
// what was chosen is remembered without its flag, and what is right already is not
// sent, nor built, again.
func TestARuntimeIsChosenOnceAndChangedAsAWhole(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		const line = "up --yes --skip test" // a program needs a socket, which there is none of here
		want := func(runtime types.Runtime, handler string, architecture types.Architecture) {
			t.Helper()
			c, err := r.account().Lambda.GetFunctionConfiguration(r.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("TodoHandler")})
			if err != nil {
				t.Fatal(err)
			}
			if c.Runtime != runtime || *c.Handler != handler || c.Architectures[0] != architecture {
				t.Errorf("it runs in %s, %s, on %v; want %s, %s, %s", c.Runtime, *c.Handler, c.Architectures, runtime, handler, architecture)
			}
		}
		here := types.ArchitectureArm64
		if (&App{}).thisMachine().arch == "amd64" {
			here = types.ArchitectureX8664
		}
		for _, c := range []struct {
			flag         string
			runtime      types.Runtime
			handler      string
			architecture types.Architecture
			builds       int
		}{
			{"python3.13", types.RuntimePython313, "lambda_function.lambda_handler", types.ArchitectureX8664, 0},
			{"nodejs24.x", types.RuntimeNodejs24x, "index.handler", types.ArchitectureX8664, 0},
			{"go", types.RuntimeProvidedal2023, "bootstrap", here, 1},
			{"python3.12", types.RuntimePython312, "lambda_function.lambda_handler", types.ArchitectureX8664, 1},
			{"go", types.RuntimeProvidedal2023, "bootstrap", here, 2}, // the tag of before does not mislead
			{"nodejs24.x", types.RuntimeNodejs24x, "index.handler", types.ArchitectureX8664, 2},
		} {
			if end := r.run(line + " --runtime " + c.flag); end.exit != 0 || end.writes == 0 {
				t.Fatalf("%s: exit %d, %d writes\n%s", c.flag, end.exit, end.writes, end.err)
			}
			want(c.runtime, c.handler, c.architecture)
			if end := r.run(line); end.exit != 0 || end.writes != 0 {
				t.Errorf("%s, again without its flag: exit %d, %d writes\n%s", c.flag, end.exit, end.writes, end.err)
			}
			if end := r.run("function --dry-run"); end.exit != 0 {
				t.Errorf("%s: a look ends with %d\n%s", c.flag, end.exit, end.err)
			}
			if r.builds != c.builds {
				t.Errorf("%s: the program was built %d times, want %d", c.flag, r.builds, c.builds)
			}
		}
	})
}

// Each runtime's code can be watched, also what is still to be built.
func TestPackagesThatDifferHaveOtherIDs(t *testing.T) {
	codes, err := (&command{App: &App{}, globals: &globals{}}).ownCodes()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{"": "nothing"}
	for language, code := range codes {
		if other := seen[code.ID()]; other != "" {
			t.Errorf("%s has the ID of %s", language, other)
		}
		seen[code.ID()] = language
	}
	if len(codes) != 3 {
		t.Errorf("%d languages", len(codes))
	}
}

// A program that does not get built leaves everything as it was.
func TestAFailedBuildChangesNothing(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		if end := r.run("up --yes"); end.exit != 0 {
			t.Fatal(end.err)
		}
		before := r.contents()
		r.goSays = func() (string, error) { return "./main.go:7:2: undefined: lamda\n", context.DeadlineExceeded }
		if end := r.run("function --yes --runtime go"); end.exit == 0 || !strings.Contains(end.err, "undefined: lamda") || end.writes != 0 {
			t.Errorf("exit %d, %d writes\n%s", end.exit, end.writes, end.err)
		}
		if r.contents() != before {
			t.Error("something was changed")
		}
	})
}

// The program of --runtime go is built for the processors of AWS's own making, by the
// Go of this machine: static, and the same each time.
func TestGoIsBuiltForAWSsOwnProcessors(t *testing.T) {
	if raced {
		t.Skip("the compiler is another program, where the race detector sees nothing")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go on this machine")
	}
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOPROXY", "off") // its modules are among todoctl's own
	var first []byte
	for range 2 {
		program, said, err := (&App{}).buildGo(t.Context(), goTarget{os: "linux", arch: "arm64"}, "", handler.Files(handler.Go))
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		if first != nil && !bytes.Equal(program, first) {
			t.Error("the second one is another one")
		}
		first = program
	}
	file, err := elf.NewFile(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if file.Machine != elf.EM_AARCH64 || slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		t.Errorf("it is a program for %s, with the parts %v", file.Machine, file.Progs)
	}
	code, err := handler.Default("go")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := code.Program(first); err != nil {
		t.Errorf("it does not fit into a package: %v", err)
	}
}
