# In IAM choose Roles, Create role, AWS service, Lambda; tick the policies AmazonDynamoDBFullAccess and AWSLambdaBasicExecutionRole, and name the role. todoctl gives it a policy of its own instead, which allows much less.
# https://console.aws.amazon.com/iam/home#/roles/create?trustedEntityType=AWS_SERVICE&selectedService=Lambda&selectedUseCase=Lambda
# https://console.aws.amazon.com/iam/home#/roles/details/LambdaTodoRole

export AWS_PAGER=

aws iam create-role \
  --role-name LambdaTodoRole \
  --description 'What the Lambda function TodoHandler may do. Made by todoctl.' \
  --assume-role-policy-document '{
    "Version": "2012-10-17",
    "Statement": [
      {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole"
      }
    ]
  }' \
  --tags Key=todoctl:region,Value=eu-central-1 Key=todoctl:stack,Value=Todo \
    Key=todoctl:version,Value=1.0.0 \
  --region eu-central-1

aws iam put-role-policy \
  --role-name LambdaTodoRole \
  --policy-name TodoAccess \
  --policy-document '{
    "Version": "2012-10-17",
    "Statement": [
      {
        "Effect": "Allow",
        "Action": [
          "dynamodb:GetItem",
          "dynamodb:PutItem",
          "dynamodb:UpdateItem",
          "dynamodb:DeleteItem",
          "dynamodb:Scan"
        ],
        "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/TodoTable"
      },
      {
        "Effect": "Allow",
        "Action": ["dynamodb:Query"],
        "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/TodoTable/index/newest"
      },
      {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/TodoHandler:*"
      }
    ]
  }' \
  --region eu-central-1

aws iam wait role-exists --role-name LambdaTodoRole --region eu-central-1

sleep 10

# The first line keeps the `aws` command from stopping to show each answer in a pager, which would swallow what you paste after it.
# IAM copies a new role to every Region, which the waiter does not see: hence the ten seconds. If Lambda then says that it cannot assume the role, wait once more and paste the function's line again.
