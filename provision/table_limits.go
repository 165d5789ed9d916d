package provision

import "fmt"

// A KeySchemaError says that the table's key is another one. A key cannot be
// changed, and todoctl does not delete a table to make it anew.
type KeySchemaError struct{ Table, Have string }

func (e *KeySchemaError) Error() string {
	return fmt.Sprintf("%s has the key %s and the handler needs %s (S)",
		e.Table, e.Have, partitionKey)
}

// A ProtectedError says that a table cannot be deleted because somebody has
// switched its deletion protection on, which todoctl never does.
type ProtectedError struct{ Table, Region string }

func (e *ProtectedError) Error() string {
	return e.Table + " is protected against deletion"
}

// Undeletable returns the ProtectedError that down would end in, before it has
// taken anything away.
func Undeletable(plan []Change) error {
	for _, c := range plan {
		t, is := c.Step.(*table)
		seen, looked := c.Seen.Detail.(*tableSeen)
		if is && looked && c.Action == Delete && seen.TableDescription != nil && protected(seen.TableDescription) {
			return &StepError{Step: c.Name(), Action: Delete, Err: &ProtectedError{Table: t.cfg.TableName(), Region: t.cfg.Region}}
		}
	}
	return nil
}
