package provision

import (
	"fmt"
	"net/url"
)

// The pages of AWS's console that todoctl sends people to stand in this file
// alone. AWS does not document their addresses; those here are the ones that its
// console has been showing in the browser for years.

// consoleHost is the console's host, which each partition has of its own.
// https://docs.aws.amazon.com/general/latest/gr/aws-arns-and-namespaces.html
func (c Config) consoleHost() string {
	switch c.Partition {
	case "aws-cn":
		return "console.amazonaws.cn"
	case "aws-us-gov":
		return "console.amazonaws-us-gov.com"
	}
	return "console.aws.amazon.com"
}

// page is a page of one Region's console; region "" is for services that have
// none.
func (c Config) page(region, service, fragment string) string {
	if region == "" {
		return fmt.Sprintf("https://%s/%s/home#%s", c.consoleHost(), service, fragment)
	}
	return fmt.Sprintf("https://%[1]s.%[2]s/%[3]s/home?region=%[1]s#%[4]s", region, c.consoleHost(), service, fragment)
}

// Console is the console's page of what a step has made, which says that there
// is nothing before that. The test's is the page that lists the table's items.
// It is "" for a word that is no step's.
func Console(cfg Config, step string) string {
	switch step {
	case "table":
		return cfg.page(cfg.Region, "dynamodbv2", "table?name="+url.QueryEscape(cfg.TableName()))
	case "role":
		return cfg.page("", "iam", "/roles/details/"+url.PathEscape(cfg.RoleName()))
	case "function":
		return cfg.page(cfg.Region, "lambda", "/functions/"+url.PathEscape(cfg.FunctionName()))
	case "url":
		return cfg.page(cfg.Region, "lambda", "/functions/"+url.PathEscape(cfg.FunctionName())+"?subtab=url&tab=configure")
	case "test":
		return cfg.page(cfg.Region, "dynamodbv2", "item-explorer?table="+url.QueryEscape(cfg.TableName()))
	case "alarm":
		if cfg.Guard == GuardBudget {
			return cfg.page("", "costmanagement", "/budgets/details?name="+url.QueryEscape(cfg.BudgetName()))
		}
		return cfg.page(BillingRegion, "cloudwatch", "alarmsV2:alarm/"+url.PathEscape(cfg.AlarmName()))
	}
	return ""
}

// ConsoleCreate is the page where the console would make what the step makes. A
// Function URL is made on its function's own page, and the test makes nothing.
func ConsoleCreate(cfg Config, step string) string {
	switch step {
	case "table":
		return cfg.page(cfg.Region, "dynamodbv2", "create-table")
	case "role":
		return cfg.page("", "iam", "/roles/create?trustedEntityType=AWS_SERVICE&selectedService=Lambda&selectedUseCase=Lambda")
	case "function":
		return cfg.page(cfg.Region, "lambda", "/create/function")
	case "alarm":
		if cfg.Guard == GuardBudget {
			return cfg.page("", "costmanagement", "/budgets/create")
		}
		return cfg.page(BillingRegion, "cloudwatch", "alarmsV2:create")
	}
	return Console(cfg, step)
}

// The account's own pages, where a person must do something by hand.

// ConsoleBillingPreferences has the switch without which there are no billing figures.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html
func ConsoleBillingPreferences(cfg Config) string { return cfg.page("", "billing", "/preferences") }

// ConsoleAccount has the root user's switch that opens billing to users and roles.
// https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/control-access-billing.html
func ConsoleAccount(cfg Config) string { return cfg.page("", "billing", "/account") }

// ConsoleBills has this month's charges by service.
func ConsoleBills(cfg Config) string { return cfg.page("", "billing", "/bills") }

// ConsoleFreeTier has the account's plan, and what is used of each free offer.
func ConsoleFreeTier(cfg Config) string { return cfg.page("", "billing", "/freetier") }

// ConsoleBudgets lists the account's budgets.
func ConsoleBudgets(cfg Config) string { return cfg.page("", "costmanagement", "/budgets") }
