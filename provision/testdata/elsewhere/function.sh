# In Lambda choose Create function, Author from scratch, the name, the runtime and the existing role; paste the handler into the editor, choose Deploy, and set memory and timeout under Configuration, General configuration.
# https://eu-central-1.console.aws.amazon.com/lambda/home?region=eu-central-1#/create/function
# https://eu-central-1.console.aws.amazon.com/lambda/home?region=eu-central-1#/functions/TodoHandler

export AWS_PAGER=

todoctl handler > lambda_function.py

zip TodoHandler.zip lambda_function.py

aws logs create-log-group \
  --log-group-name /aws/lambda/TodoHandler \
  --tags todoctl:region=eu-central-1,todoctl:stack=Todo,todoctl:version=1.0.0 \
  --region eu-central-1

aws logs put-retention-policy \
  --log-group-name /aws/lambda/TodoHandler \
  --retention-in-days 7 \
  --region eu-central-1

aws lambda create-function \
  --function-name TodoHandler \
  --description 'The to-do handler. Made by todoctl.' \
  --runtime python3.12 \
  --handler lambda_function.lambda_handler \
  --role arn:aws:iam::123456789012:role/LambdaTodoRole \
  --zip-file fileb://TodoHandler.zip \
  --architectures x86_64 \
  --memory-size 256 \
  --package-type Zip \
  --timeout 5 \
  --tags todoctl:region=eu-central-1,todoctl:stack=Todo,todoctl:version=1.0.0 \
  --region eu-central-1

aws lambda wait function-active-v2 \
  --function-name TodoHandler \
  --region eu-central-1

# The first line keeps the `aws` command from stopping to show each answer in a pager, which would swallow what you paste after it.
# The zip holds the same file as todoctl's and has other bytes, because it notes the time: `todoctl status` calls its code another package, and `todoctl up` then puts todoctl's in its place.
