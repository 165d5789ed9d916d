//go:build !windows

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Whatever is in the place of the store, every command that needs it says what
// is wrong and what to type, in words of its own, and changes nothing.
func TestADamagedStoreIsSaidInASentence(t *testing.T) {
	t.Parallel()
	t.Attr("promise", "T14")
	env := home(t)
	dir := filepath.Join(stateOf(t, env), "local")
	if _, errs, exit := run(t, env, "up", "--local", "--yes"); exit != 0 {
		t.Fatal(errs)
	}
	if _, errs, exit := run(t, env, "local", "stop"); exit != 0 {
		t.Fatal(errs)
	}
	store := filepath.Join(dir, "aws.db")
	whole, err := os.ReadFile(store)
	if err != nil {
		t.Fatal(err)
	}
	n, cases := 0, 0
	for name, damaged := range map[string][]byte{
		"cut off": whole[:len(whole)/2], "a page": whole[:4096], "zeros": make([]byte, len(whole)), "empty": {},
		"a text": []byte("hello"), "garbage behind its roots": append(bytes.Clone(whole[:8192]), bytes.Repeat([]byte{0xa5}, len(whole)-8192)...),
	} {
		if err := os.WriteFile(store, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"up", "--local", "--yes"}, {"status", "--local"}, {"down", "--local", "--yes", "--discard-data"}, {"local", "start"}, {"local", "serve"}} {
			if n++; n%sample(4) != 0 {
				continue
			}
			cases++
			_, errs, exit := run(t, env, args...)
			words := strings.Join(strings.Fields(errs), " ")
			if exit != exitFailed || !strings.Contains(words, "data in aws.db is damaged: ") || !strings.Contains(words, "try: mv ") || strings.Contains(words, "goroutine") {
				t.Errorf("%s, %v: exit %d\n%s", name, args, exit, errs)
			}
		}
		if now, err := os.ReadFile(store); err != nil || !bytes.Equal(now, damaged) {
			t.Errorf("%s: the store is another now, %v", name, err)
		}
	}
	// What is typed then works.
	if err := os.Rename(dir, dir+".damaged"); err != nil {
		t.Fatal(err)
	}
	if _, errs, exit := run(t, env, "up", "--local", "--yes"); exit != 0 {
		t.Errorf("after the move: exit %d\n%s", exit, errs)
	}
	t.Attr("cases", strconv.Itoa(cases+1))
}
