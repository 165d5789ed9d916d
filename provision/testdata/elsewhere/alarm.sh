# In CloudWatch, in the Region us-east-1, choose Alarms, Create alarm, the metric Billing, Total Estimated Charge, USD; set the threshold, and let it tell a new SNS topic with your address. In Billing and Cost Management choose Budgets, Create budget, a monthly cost budget with your limit, an alert at 100% of the actual cost with your address, and leave credits and refunds out of it.
# https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:create
# https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:alarm/TodoBillingAlarm

export AWS_PAGER=

aws sns create-topic \
  --name TodoBillingTopic \
  --tags Key=todoctl:region,Value=eu-central-1 Key=todoctl:stack,Value=Todo \
    Key=todoctl:version,Value=1.0.0 \
  --region us-east-1

aws sns subscribe \
  --topic-arn arn:aws:sns:us-east-1:123456789012:TodoBillingTopic \
  --protocol email \
  --notification-endpoint me@example.com \
  --region us-east-1

aws cloudwatch put-metric-alarm \
  --alarm-name TodoBillingAlarm \
  --alarm-description 'This month'\''s charges are above 1 USD. Made by todoctl for the stack Todo.' \
  --namespace AWS/Billing \
  --metric-name EstimatedCharges \
  --actions-enabled \
  --alarm-actions arn:aws:sns:us-east-1:123456789012:TodoBillingTopic \
  --comparison-operator GreaterThanThreshold \
  --dimensions Name=Currency,Value=USD \
  --evaluation-periods 1 \
  --period 21600 \
  --statistic Maximum \
  --threshold 1 \
  --treat-missing-data missing \
  --tags Key=todoctl:region,Value=eu-central-1 Key=todoctl:stack,Value=Todo \
    Key=todoctl:version,Value=1.0.0 \
  --region us-east-1

aws budgets create-budget \
  --account-id 123456789012 \
  --budget '{
    "BudgetName": "TodoBudget",
    "BudgetType": "COST",
    "TimeUnit": "MONTHLY",
    "BudgetLimit": {"Amount": "1", "Unit": "USD"},
    "CostTypes": {
      "IncludeCredit": false,
      "IncludeDiscount": true,
      "IncludeOtherSubscription": true,
      "IncludeRecurring": true,
      "IncludeRefund": false,
      "IncludeSubscription": true,
      "IncludeSupport": true,
      "IncludeTax": true,
      "IncludeUpfront": true,
      "UseAmortized": false,
      "UseBlended": false
    }
  }' \
  --notifications-with-subscribers '[
    {
      "Notification": {
        "ComparisonOperator": "GREATER_THAN",
        "NotificationType": "ACTUAL",
        "Threshold": 100,
        "ThresholdType": "PERCENTAGE"
      },
      "Subscribers": [
        {"Address": "me@example.com", "SubscriptionType": "EMAIL"}
      ]
    }
  ]' \
  --resource-tags Key=todoctl:region,Value=eu-central-1 \
    Key=todoctl:stack,Value=Todo Key=todoctl:version,Value=1.0.0 \
  --region us-east-1

# The first line keeps the `aws` command from stopping to show each answer in a pager, which would swallow what you paste after it.
# AWS sends a mail to me@example.com: its link must be clicked within 48 hours, or the alarm tells nobody.
# There are billing figures only after "Receive CloudWatch billing alerts" is ticked, by hand, under Alert preferences on https://console.aws.amazon.com/billing/home#/preferences.
