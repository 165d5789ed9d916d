package main

import (
	"slices"
	"strings"
)

// regions are those of the partition aws, as the AWS SDK for Go knows them (its
// partitions.json, which it does not export; a test compares). Completion offers
// them, and problems are explained with them. A Region that is newer works as
// well.
var regions = []choice{
	{"us-east-1", "US East (N. Virginia)"},
	{"us-east-2", "US East (Ohio)"},
	{"us-west-1", "US West (N. California)"},
	{"us-west-2", "US West (Oregon)"},
	{"af-south-1", "Africa (Cape Town)"},
	{"ap-east-1", "Asia Pacific (Hong Kong)"},
	{"ap-east-2", "Asia Pacific (Taipei)"},
	{"ap-northeast-1", "Asia Pacific (Tokyo)"},
	{"ap-northeast-2", "Asia Pacific (Seoul)"},
	{"ap-northeast-3", "Asia Pacific (Osaka)"},
	{"ap-south-1", "Asia Pacific (Mumbai)"},
	{"ap-south-2", "Asia Pacific (Hyderabad)"},
	{"ap-southeast-1", "Asia Pacific (Singapore)"},
	{"ap-southeast-2", "Asia Pacific (Sydney)"},
	{"ap-southeast-3", "Asia Pacific (Jakarta)"},
	{"ap-southeast-4", "Asia Pacific (Melbourne)"},
	{"ap-southeast-5", "Asia Pacific (Malaysia)"},
	{"ap-southeast-6", "Asia Pacific (New Zealand)"},
	{"ap-southeast-7", "Asia Pacific (Thailand)"},
	{"ca-central-1", "Canada (Central)"},
	{"ca-west-1", "Canada West (Calgary)"},
	{"eu-central-1", "Europe (Frankfurt)"},
	{"eu-central-2", "Europe (Zurich)"},
	{"eu-north-1", "Europe (Stockholm)"},
	{"eu-south-1", "Europe (Milan)"},
	{"eu-south-2", "Europe (Spain)"},
	{"eu-west-1", "Europe (Ireland)"},
	{"eu-west-2", "Europe (London)"},
	{"eu-west-3", "Europe (Paris)"},
	{"il-central-1", "Israel (Tel Aviv)"},
	{"me-central-1", "Middle East (UAE)"},
	{"me-south-1", "Middle East (Bahrain)"},
	{"me-west-1", "Middle East (Saudi Arabia)"},
	{"mx-central-1", "Mexico (Central)"},
	{"sa-east-1", "South America (Sao Paulo)"},
	{"sa-west-1", "South America (Chile)"},
}

// alwaysOn are the Regions that every account has; the others must be switched on.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
var alwaysOn = []string{
	"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1",
	"eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1",
	"ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2",
}

// optIn says of a Region that it must be switched on.
func optIn(region string) bool {
	return slices.Contains(values(regions), region) && !slices.Contains(alwaysOn, region)
}

// knownRegion says whether todoctl knows a Region. China and GovCloud count as
// known: their names follow rules of their own.
func knownRegion(region string) bool {
	return slices.Contains(values(regions), region) || strings.HasPrefix(region, "cn-") || strings.HasPrefix(region, "us-gov-")
}
