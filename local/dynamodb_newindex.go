package local

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// indexSchema checks the KeySchema of an index.
func indexSchema(operation string, keys []types.KeySchemaElement, defined attributeTypes) (keySchema, error) {
	switch {
	case len(keys) == 0:
		return keySchema{}, invalid("1 validation error detected: Value null at 'globalSecondaryIndexes.1.member.keySchema' failed to satisfy constraint: Member must not be null")
	case len(keys) > 2: // AWS takes up to four of each kind
		return keySchema{}, lacks(operation, "KeySchema with more than two attributes")
	}
	return defined.schema(keys)
}

// newIndex checks an index that is to be made, and does not make it.
func newIndex(operation string, in types.GlobalSecondaryIndex, keys keySchema, billing types.BillingMode) (indexDoc, error) {
	ix := indexDoc{Name: aws.ToString(in.IndexName), ID: newRequestID(), keySchema: keys}
	switch {
	case in.OnDemandThroughput != nil:
		return ix, lacks(operation, "OnDemandThroughput of an index")
	case in.WarmThroughput != nil:
		return ix, lacks(operation, "WarmThroughput of an index")
	}
	if err := ix.checkMembers(in); err != nil {
		return ix, err
	}
	if err := ix.project(in.Projection); err != nil {
		return ix, err
	}
	switch throughput := in.ProvisionedThroughput; {
	case billing == types.BillingModePayPerRequest && throughput != nil:
		return ix, invalid("One or more parameter values were invalid: ProvisionedThroughput should not be specified for index: %s when BillingMode is PAY_PER_REQUEST", ix.Name)
	case billing == types.BillingModeProvisioned && throughput == nil:
		return ix, invalid("One or more parameter values were invalid: ProvisionedThroughput is not specified for index: %s", ix.Name)
	case throughput != nil:
		ix.Units = indexUnits{*throughput.ReadCapacityUnits, *throughput.WriteCapacityUnits}
	}
	return ix, nil
}

// checkMembers checks what AWS's model says about each member.
func (ix *indexDoc) checkMembers(in types.GlobalSecondaryIndex) error {
	var wrong []string
	note := func(value, member, rule string) {
		wrong = append(wrong, fmt.Sprintf("Value %s at 'globalSecondaryIndexes.1.member.%s' failed to satisfy constraint: %s", value, member, rule))
	}
	switch {
	case ix.Name == "":
		note("null", "indexName", "Member must not be null")
	case len(ix.Name) < 3:
		note("'"+ix.Name+"'", "indexName", "Member must have length greater than or equal to 3")
	case len(ix.Name) > 255:
		note("'"+ix.Name+"'", "indexName", "Member must have length less than or equal to 255")
	case strings.ContainsFunc(ix.Name, notInName):
		note("'"+ix.Name+"'", "indexName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	}
	switch p := in.Projection; {
	case p == nil:
		note("null", "projection", "Member must not be null")
	case p.ProjectionType != "" && !slices.Contains(p.ProjectionType.Values(), p.ProjectionType):
		note("'"+string(p.ProjectionType)+"'", "projection.projectionType", "Member must satisfy enum value set: [ALL, INCLUDE, KEYS_ONLY]")
	case p.NonKeyAttributes != nil && len(p.NonKeyAttributes) == 0:
		note("'[]'", "projection.nonKeyAttributes", "Member must have length greater than or equal to 1")
	case len(p.NonKeyAttributes) > 20:
		note("'["+strings.Join(p.NonKeyAttributes, ", ")+"]'", "projection.nonKeyAttributes", "Member must have length less than or equal to 20")
	}
	if err := outOfBounds(wrong); err != nil {
		return err
	}
	return checkSettings("", in.ProvisionedThroughput, "")
}

// project takes over what the index keeps of an item.
func (ix *indexDoc) project(p *types.Projection) error {
	ix.Projection = p.ProjectionType
	include := p.ProjectionType == types.ProjectionTypeInclude
	switch {
	case p.ProjectionType == "":
		return invalid("One or more parameter values were invalid: Unknown ProjectionType: null")
	case include && len(p.NonKeyAttributes) == 0:
		return invalid("One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
	case !include && len(p.NonKeyAttributes) > 0:
		return invalid("One or more parameter values were invalid: ProjectionType is %s, but NonKeyAttributes is specified", p.ProjectionType)
	}
	for i, name := range p.NonKeyAttributes {
		if slices.Contains(p.NonKeyAttributes[:i], name) {
			return invalid("One or more parameter values were invalid: Duplicate element in NonKeyAttributes: %s", name)
		}
	}
	if include {
		ix.Include = slices.Sorted(slices.Values(p.NonKeyAttributes)) // as DescribeTable shows them
	}
	return nil
}

func notInName(c rune) bool {
	return c > 'z' || !isLetter(byte(c)) && !isDigit(byte(c)) && c != '_' && c != '.' && c != '-'
}
