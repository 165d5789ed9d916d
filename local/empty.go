package local

import "go.etcd.io/bbolt"

// resourceBuckets hold what a person can make.
var resourceBuckets = []string{bucketTables, bucketRoles, bucketFunctions, bucketGroups, bucketAlarms, bucketTopics, bucketBudgets}

// Empty says whether nothing is stored that a person has made. What is only a
// trace (metrics, the sizes of tables that are gone) does not count.
func (s *Server) Empty() (bool, error) {
	empty := true
	err := s.db.view(func(tx *bbolt.Tx) error {
		for _, name := range resourceBuckets {
			if b := tx.Bucket([]byte(name)); b != nil {
				if key, _ := b.Cursor().First(); key != nil {
					empty = false
				}
			}
		}
		return nil
	})
	return empty, err
}
