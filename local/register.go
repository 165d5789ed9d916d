package local

// register lists the services by the signing name in the credential scope.
//
// The protocol is the one that the service's own model states first. A caller
// who speaks another one is answered in that (decode.go): botocore speaks JSON
// to CloudWatch where the Go SDK speaks CBOR, and older ones speak the form
// protocol.
func (s *Server) register() map[string]service {
	return map[string]service{
		"dynamodb":   {protocol: protocolJSON10, impl: s.dynamodb, access: "dynamodb", most: maxItems},
		"iam":        {protocol: protocolQuery, impl: s.iam, access: "iam"},
		"sts":        {protocol: protocolQuery, impl: &stsService{s}, access: "sts"},
		"lambda":     {protocol: protocolREST, impl: s.lambda, routes: lambdaRoutes(), access: "lambda"},
		"logs":       {protocol: protocolJSON11, impl: s.logs, access: "logs", most: maxBatch},
		"monitoring": {protocol: protocolCBOR, impl: s.metrics, access: "cloudwatch", most: maxBatch},
		"sns":        {protocol: protocolQuery, impl: &snsService{s}, access: "sns"},
		"budgets":    {protocol: protocolJSON11, impl: &budgetsService{s}, access: "budgets"},
		"freetier":   {protocol: protocolJSON10, impl: &freetierService{s}, access: "freetier", camel: true},
		"tagging":    {protocol: protocolJSON11, impl: &taggingService{s}, access: "tag"},
	}
}
