package local

import (
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"
)

// Contents is every resource that is stored, as its document: by kind
// ("iam.roles"), then by Region and name. It is for tests that compare what
// two histories have led to. Items are not among it, and neither are traces:
// metrics and log lines.
func (s *Server) Contents() (map[string]map[string]any, error) {
	all := map[string]map[string]any{}
	err := s.db.view(func(tx *bbolt.Tx) error {
		for _, kind := range resourceBuckets {
			b := tx.Bucket([]byte(kind))
			if b == nil {
				continue
			}
			err := b.ForEach(func(key, text []byte) error {
				var doc any
				if err := json.Unmarshal(text, &doc); err != nil {
					return fmt.Errorf("read %s %s: %w", kind, key, err)
				}
				if all[kind] == nil {
					all[kind] = map[string]any{}
				}
				all[kind][string(key)] = doc
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}
