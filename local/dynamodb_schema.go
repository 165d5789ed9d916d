package local

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A keySchema names the key attributes of a table or of an index.
type keySchema struct {
	Hash  keyAttribute
	Range *keyAttribute
}

type keyAttribute struct {
	Name string
	Type types.ScalarAttributeType
}

// keys are the key attributes, the partition key first.
func (s *keySchema) keys() []keyAttribute {
	if s.Range == nil {
		return []keyAttribute{s.Hash}
	}
	return []keyAttribute{s.Hash, *s.Range}
}

func (s *keySchema) isKey(name string) bool {
	return s.Hash.Name == name || s.Range != nil && s.Range.Name == name
}

// keyOf is the part of an item that is its key.
func (s *keySchema) keyOf(it item) item {
	var key item
	for _, k := range s.keys() {
		key = append(key, attribute{k.Name, it.get(k.Name)})
	}
	return key
}

// elements is the schema as DescribeTable shows it.
func (s *keySchema) elements() []types.KeySchemaElement {
	var all []types.KeySchemaElement
	for i, k := range s.keys() {
		all = append(all, types.KeySchemaElement{
			AttributeName: aws.String(k.Name), KeyType: []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]})
	}
	return all
}

// definitions are the key attributes of the table and its indexes, sorted as on AWS.
func (t *tableDoc) definitions(now time.Time, lags Lags) []types.AttributeDefinition {
	typeOf := map[string]types.ScalarAttributeType{}
	for _, k := range t.keys() {
		typeOf[k.Name] = k.Type
	}
	for _, ix := range t.indexes(now, lags) {
		for _, k := range ix.keys() {
			typeOf[k.Name] = k.Type
		}
	}
	var all []types.AttributeDefinition
	for _, name := range sortedKeys(typeOf) {
		all = append(all, types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: typeOf[name]})
	}
	return all
}

// attributeTypes is AttributeDefinitions as a caller gives it.
type attributeTypes struct {
	names []string
	of    map[string]types.ScalarAttributeType
}

func readAttributeTypes(attributes []types.AttributeDefinition) (attributeTypes, error) {
	defined := attributeTypes{of: map[string]types.ScalarAttributeType{}}
	for _, a := range attributes {
		if !slices.Contains(a.AttributeType.Values(), a.AttributeType) {
			return defined, invalid("1 validation error detected: Value '%s' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]", a.AttributeType)
		}
		name := aws.ToString(a.AttributeName)
		if defined.of[name] != "" {
			return defined, invalid("Cannot have two attributes with the same name")
		}
		defined.of[name] = a.AttributeType
		defined.names = append(defined.names, name)
	}
	return defined, nil
}

// schema checks a KeySchema and finds its types.
func (defined attributeTypes) schema(keys []types.KeySchemaElement) (s keySchema, err error) {
	var named []string
	for _, k := range keys {
		named = append(named, aws.ToString(k.AttributeName))
	}
	for _, name := range named {
		if n := len(name); n < 1 || n > 255 {
			return s, invalid("One or more parameter values were invalid: the name of a key attribute has 1 to 255 characters")
		}
		if defined.of[name] == "" {
			return s, invalid("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]",
				strings.Join(named, ", "), strings.Join(defined.names, ", "))
		}
	}
	switch {
	case len(named) == 2 && named[0] == named[1]:
		return s, invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	case keys[0].KeyType != types.KeyTypeHash:
		return s, invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case len(keys) == 2 && keys[1].KeyType != types.KeyTypeRange:
		return s, invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	}
	s.Hash = keyAttribute{named[0], defined.of[named[0]]}
	if len(named) == 2 {
		s.Range = &keyAttribute{named[1], defined.of[named[1]]}
	}
	return s, nil
}

// schema takes over KeySchema, AttributeDefinitions and GlobalSecondaryIndexes. On
// AWS the attributes are checked before anything else about the indexes.
func (t *tableDoc) schema(in *dynamodb.CreateTableInput) error {
	if len(in.KeySchema) == 0 || len(in.AttributeDefinitions) == 0 {
		member := "keySchema"
		if len(in.KeySchema) > 0 {
			member = "attributeDefinitions"
		}
		return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
	}
	if len(in.KeySchema) > 2 {
		return invalid("1 validation error detected: Value at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2")
	}
	defined, err := readAttributeTypes(in.AttributeDefinitions)
	if err != nil {
		return err
	}
	if t.keySchema, err = defined.schema(in.KeySchema); err != nil {
		return err
	}
	used := map[string]bool{}
	for _, k := range t.keys() {
		used[k.Name] = true
	}
	schemas := make([]keySchema, len(in.GlobalSecondaryIndexes))
	for i, ix := range in.GlobalSecondaryIndexes {
		if schemas[i], err = indexSchema("CreateTable", ix.KeySchema, defined); err != nil {
			return err
		}
		for _, k := range schemas[i].keys() {
			used[k.Name] = true
		}
	}
	switch {
	case len(used) == len(defined.names):
	case len(schemas) == 0:
		return invalid("One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	default:
		return invalid("One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [%s], keys used: [%s]",
			strings.Join(defined.names, ", "), strings.Join(sortedKeys(used), ", "))
	}
	if len(schemas) > maxIndexes {
		return invalid("One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of %d", maxIndexes)
	}
	for i, ix := range in.GlobalSecondaryIndexes {
		made, err := newIndex("CreateTable", ix, schemas[i], t.Settings.Billing)
		if err != nil {
			return err
		}
		made.WithTable = true
		if slices.ContainsFunc(t.Indexes, func(other indexDoc) bool { return other.Name == made.Name }) {
			return invalid("One or more parameter values were invalid: Duplicate index name: %s", made.Name)
		}
		t.Indexes = append(t.Indexes, made)
	}
	return nil
}
