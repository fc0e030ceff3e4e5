package server

import (
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsHTML string

var docsPage = template.Must(template.New("docs").Parse(docsHTML))

type docsOperation struct {
	Method, Path, Summary, ID string
	Parameters                []docsField
	Body, Answer              []docsField
	Status                    string
	NeedsSession              bool
}

type docsField struct {
	Name, Type, Doc string
	Required        bool
}

type docsGroup struct {
	Tag        string
	Operations []docsOperation
}

// serveDocs writes the API's document as one readable page, without scripts and without another host.
func (s *Server) serveDocs(w http.ResponseWriter, _ *http.Request) {
	api := s.api.OpenAPI()
	groups := map[string]*docsGroup{}
	for path, item := range api.Paths {
		for method, op := range map[string]*huma.Operation{
			"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete,
		} {
			if op == nil {
				continue
			}
			tag := "other"
			if len(op.Tags) > 0 {
				tag = op.Tags[0]
			}
			if groups[tag] == nil {
				groups[tag] = &docsGroup{Tag: tag}
			}
			groups[tag].Operations = append(groups[tag].Operations, docsOf(api, method, path, op))
		}
	}
	var sorted []*docsGroup
	for _, g := range groups {
		slices.SortFunc(g.Operations, func(a, b docsOperation) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
		sorted = append(sorted, g)
	}
	slices.SortFunc(sorted, func(a, b *docsGroup) int { return strings.Compare(a.Tag, b.Tag) })
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = docsPage.Execute(w, map[string]any{"Title": api.Info.Title, "Description": api.Info.Description, "Groups": sorted})
}

func docsOf(api *huma.OpenAPI, method, path string, op *huma.Operation) docsOperation {
	d := docsOperation{Method: method, Path: path, Summary: op.Summary, ID: op.OperationID, NeedsSession: len(op.Security) > 0}
	for _, p := range op.Parameters {
		d.Parameters = append(d.Parameters, docsField{p.Name + " (" + p.In + ")", typeName(p.Schema), p.Description, p.Required})
	}
	if op.RequestBody != nil {
		for _, content := range op.RequestBody.Content {
			d.Body = fieldsOf(api, content.Schema)
		}
	}
	for status, response := range op.Responses {
		code, err := strconv.Atoi(status)
		if err != nil || code > 299 {
			continue
		}
		d.Status = status
		for _, content := range response.Content {
			d.Answer = fieldsOf(api, content.Schema)
		}
	}
	return d
}

func fieldsOf(api *huma.OpenAPI, schema *huma.Schema) []docsField {
	if schema != nil && schema.Ref != "" {
		schema = api.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	if schema == nil {
		return nil
	}
	var fields []docsField
	for name, property := range schema.Properties {
		fields = append(fields, docsField{name, typeName(property), property.Description, slices.Contains(schema.Required, name)})
	}
	slices.SortFunc(fields, func(a, b docsField) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

func typeName(schema *huma.Schema) string {
	switch {
	case schema == nil:
		return ""
	case schema.Ref != "":
		return schema.Ref[strings.LastIndexByte(schema.Ref, '/')+1:]
	case schema.Type == "array":
		return typeName(schema.Items) + "[]"
	case len(schema.Enum) > 0:
		var values []string
		for _, v := range schema.Enum {
			if text, ok := v.(string); ok {
				values = append(values, text)
			}
		}
		return strings.Join(values, " | ")
	case schema.Format != "":
		return schema.Type + " (" + schema.Format + ")"
	default:
		return schema.Type
	}
}
