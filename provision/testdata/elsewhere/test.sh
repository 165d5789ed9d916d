# The book sends the two requests with curl, Postman or a small web page; the table's items then show under Explore items.
# https://eu-central-1.console.aws.amazon.com/dynamodbv2/home?region=eu-central-1#item-explorer?table=TodoTable
# https://eu-central-1.console.aws.amazon.com/dynamodbv2/home?region=eu-central-1#item-explorer?table=TodoTable

url=$(aws lambda get-function-url-config \
  --function-name TodoHandler \
  --query FunctionUrl --output text \
  --region eu-central-1)

curl "$url" -H 'content-type: application/json' -d '{"task": "Buy groceries"}'

curl "$url"

# For some seconds a new URL may answer 403, while its statements spread.
