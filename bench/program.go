package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// The program's own limits: small enough to be fetched on a bad line, and help
// that is there before a key is released.
const (
	sizeLimit = 20_000_000
	helpLimit = 15 * time.Millisecond
	helpRSS   = 25_000_000
	helpRuns  = 20
)

// build makes todoctl as the release does.
func (b *bench) build(ctx context.Context) error {
	b.todoctl = filepath.Join(b.dir, "todoctl")
	if runtime.GOOS == "windows" {
		b.todoctl += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-gcflags", "github.com/aws/...=-l", "-ldflags", "-s -w -X main.version=bench", "-o", b.todoctl, "./cmd/todoctl")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build todoctl: %w\n%s", err, out)
	}
	return nil
}

// program measures what every command pays: the file and its start.
func (b *bench) program(ctx context.Context, t *table) error {
	file, err := os.Stat(b.todoctl)
	if err != nil {
		return err
	}
	t.check("size of the stripped program", megabytes(file.Size()), "<= 20 MB", file.Size() <= sizeLimit)

	var walls []time.Duration
	var peaks []int64
	for range helpRuns {
		cmd := exec.CommandContext(ctx, b.todoctl, "--help")
		began := time.Now()
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("todoctl --help: %w", err)
		}
		walls = append(walls, time.Since(began))
		peaks = append(peaks, peakRSS(cmd.ProcessState))
	}
	t.atMost(fmt.Sprintf("todoctl --help, median of %d", helpRuns), median(walls), helpLimit)
	if peak := median(peaks); peak > 0 {
		t.check("todoctl --help, most memory", megabytes(peak), "<= 25 MB", peak <= helpRSS)
	}
	return nil
}

// command runs todoctl on the state folder to its end and returns its stdout
// and how long it took.
func (b *bench) command(ctx context.Context, state string, args ...string) (out []byte, took time.Duration, err error) {
	cmd := exec.CommandContext(ctx, b.todoctl, args...)
	cmd.Env = append(os.Environ(), "TODOCTL_STATE="+state)
	began := time.Now()
	out, err = cmd.Output()
	took = time.Since(began)
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("todoctl %s: exit %d: %s", strings.Join(args, " "), failed.ExitCode(), firstError(failed.Stderr))
	}
	return out, took, err
}

// firstError picks the line that says what went wrong.
func firstError(stderr []byte) string {
	lines := strings.Split(strings.TrimSpace(string(stderr)), "\n")
	for _, line := range lines {
		if strings.HasPrefix(line, "error:") {
			return line
		}
	}
	return lines[len(lines)-1]
}

// median is the lower of the two in the middle.
func median[T int64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}
