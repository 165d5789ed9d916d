# In DynamoDB choose Create table, name it and its partition key, choose Customize settings, set the capacity mode to Provisioned, switch auto scaling off for reads and for writes, and give each 5 units.
# https://eu-central-1.console.aws.amazon.com/dynamodbv2/home?region=eu-central-1#create-table
# https://eu-central-1.console.aws.amazon.com/dynamodbv2/home?region=eu-central-1#table?name=TodoTable

export AWS_PAGER=

aws dynamodb create-table \
  --table-name TodoTable \
  --attribute-definitions AttributeName=id,AttributeType=S \
  --billing-mode PROVISIONED \
  --key-schema AttributeName=id,KeyType=HASH \
  --provisioned-throughput ReadCapacityUnits=5,WriteCapacityUnits=5 \
  --table-class STANDARD \
  --tags Key=todoctl:region,Value=eu-central-1 Key=todoctl:stack,Value=Todo \
    Key=todoctl:version,Value=1.0.0 \
  --region eu-central-1

aws dynamodb wait table-exists --table-name TodoTable --region eu-central-1

# The first line keeps the `aws` command from stopping to show each answer in a pager, which would swallow what you paste after it.
