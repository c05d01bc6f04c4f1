package recommenderapi

import (
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Condition is the language of filters and rules: exactly one of all, any, not, or a comparison of a field.
type Condition struct {
	All   []Condition `json:"all,omitempty" maxItems:"100"`
	Any   []Condition `json:"any,omitempty" maxItems:"100"`
	Not   *Condition  `json:"not,omitempty"`
	Field string      `json:"field,omitempty" maxLength:"300" example:"brand"`
	Op    string      `json:"op,omitempty" enum:"eq,ne,in,not_in,gt,gte,lt,lte,contains,contains_any,starts_with,exists"`
	Value any         `json:"value,omitempty"`
}

// Rule is a merchandiser's rule. Which of the fields an action uses is told at each; the others
// are empty.
type Rule struct {
	RuleID   string     `json:"rule_id" required:"false" maxLength:"64" pattern:"^[A-Za-z0-9._-]*$" doc:"Made from the action when absent"`
	Title    string     `json:"title,omitempty" maxLength:"256"`
	Action   string     `json:"action" enum:"filter,boost,bury,pin,hide,limit_per"`
	Where    *Condition `json:"where,omitempty" doc:"The items that the rule is about; all when absent"`
	When     *Condition `json:"when,omitempty" doc:"When the rule applies: the visitor, the request, the page's item; always when absent"`
	Factor   float64    `json:"factor,omitempty" minimum:"0" maximum:"1000" doc:"Of boost (above 1) and bury (below 1)"`
	ItemID   string     `json:"item_id,omitempty" maxLength:"256"`
	Position int        `json:"position,omitempty" minimum:"0" maximum:"200" doc:"Of pin, from 1"`
	Field    string     `json:"field,omitempty" maxLength:"300" doc:"Of limit_per: category, brand or attributes.NAME"`
	Max      int        `json:"max,omitempty" minimum:"0" maximum:"200" doc:"Of limit_per"`
	From     wire.Time  `json:"from,omitempty" doc:"Applies from then"`
	Until    wire.Time  `json:"until,omitempty" doc:"Applies until then"`
	Disabled bool       `json:"disabled,omitempty"`
	// Version is that of a rule that holds in all scenarios; a scenario's own rules have the scenario's.
	Version int64 `json:"version,omitempty" readOnly:"true" doc:"Of a rule that holds in all scenarios: raised by each change; the ETag"`
}

// SavedRule is the answer to a change of a rule that holds in all scenarios.
type SavedRule struct {
	Rule
	Items    int                   `json:"matching_items" doc:"Items of the catalogue that it is about now"`
	Warnings []apierror.FieldError `json:"warnings,omitempty" doc:"What it names and does not exist: it is saved all the same"`
}

// The states of a rule.
const (
	RuleActive    = "active"
	RuleWhen      = "when"
	RuleDisabled  = "disabled"
	RuleScheduled = "scheduled"
	RuleExpired   = "expired"
)

// ListedRule is a rule in the listing of all rules of a shop.
type ListedRule struct {
	ScenarioID      string `json:"scenario_id" doc:"Empty for a rule that holds in all scenarios"`
	ScenarioTitle   string `json:"scenario_title,omitempty"`
	ScenarioVersion int64  `json:"scenario_version"`
	Scenario        string `json:"scenario" doc:"Path of the document that holds the rule" example:"/v1/scenarios/home.trending"`
	Pointer         string `json:"pointer" doc:"Place in that document; empty for a shared rule" example:"/rules/0"`
	Rule            Rule   `json:"rule"`
	Active          bool   `json:"active" doc:"It acts now, on every answer or on those that its when is about"`
	State           string `json:"state" enum:"active,when,disabled,scheduled,expired" doc:"when: acts on answers that meet its condition"`
	Detail          string `json:"detail" doc:"Why it acts or does not"`
	Items           int    `json:"matching_items" doc:"Items that it is about now; conditions on a visitor or a page match none here"`
}
