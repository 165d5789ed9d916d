# On the function's page choose Configuration, Function URL, Create function URL, auth type NONE, tick Configure cross-origin resource sharing (CORS), save, and copy the address. The console adds the two statements by itself.
# https://eu-central-1.console.aws.amazon.com/lambda/home?region=eu-central-1#/functions/TodoHandler?subtab=url&tab=configure
# https://eu-central-1.console.aws.amazon.com/lambda/home?region=eu-central-1#/functions/TodoHandler?subtab=url&tab=configure

export AWS_PAGER=

aws lambda create-function-url-config \
  --function-name TodoHandler \
  --auth-type NONE \
  --invoke-mode BUFFERED \
  --cors '{
    "AllowCredentials": false,
    "AllowHeaders": ["content-type"],
    "AllowMethods": ["GET", "POST", "PUT", "DELETE", "HEAD"],
    "AllowOrigins": ["*"],
    "ExposeHeaders": ["link", "retry-after"],
    "MaxAge": 300
  }' \
  --region eu-central-1

aws lambda add-permission \
  --function-name TodoHandler \
  --statement-id FunctionURLAllowPublicAccess \
  --action lambda:InvokeFunctionUrl \
  --principal '*' \
  --function-url-auth-type NONE \
  --region eu-central-1

aws lambda add-permission \
  --function-name TodoHandler \
  --statement-id FunctionURLInvokeAllowPublicAccess \
  --action lambda:InvokeFunction \
  --principal '*' \
  --invoked-via-function-url \
  --region eu-central-1

# The first line keeps the `aws` command from stopping to show each answer in a pager, which would swallow what you paste after it.
# Without both statements every request gets the answer 403, also at auth type NONE. Add them one after the other: of two at once, Lambda can lose one.
