//! Which variables the requests of an operation are made of.

use std::collections::BTreeSet;

use naftiko_schema::{
    BodyContent, BodyMember, BodyNode, Capability, Credential, Operation, PathPart, Template, TemplatePart,
};

/// Indices of variables.
pub(super) type Needs = BTreeSet<usize>;

/// The variables in the path, fixed parameters and body of an operation, and in the credentials of its API.
pub(super) fn of_operation(capability: &Capability, operation: &Operation) -> Needs {
    let mut needs = of_credentials(capability.api(operation.api).map_or(&[][..], |api| &api.credentials));
    needs.extend(of_credentials(&operation.credentials));
    needs.extend(operation.path.iter().filter_map(|part| match part {
        PathPart::Variable(id) => Some(id.index()),
        PathPart::Literal(_) | PathPart::Parameter(_) => None,
    }));
    operation.fixed.iter().for_each(|parameter| add(&parameter.value, &mut needs));
    match operation.body.as_ref().map(|body| &body.content) {
        Some(BodyContent::Json(node)) => add_node(node, &mut needs),
        Some(BodyContent::Form(members)) => add_members(members, &mut needs),
        Some(BodyContent::Multipart(parts)) => {
            for part in parts.iter() {
                add_node(&part.value, &mut needs);
                part.file_name.iter().for_each(|name| add(name, &mut needs));
            }
        }
        Some(BodyContent::Text(template) | BodyContent::Bytes(template)) => add(template, &mut needs),
        None => {}
    }
    needs
}

/// The variables in credentials.
pub(super) fn of_credentials(credentials: &[Credential]) -> Needs {
    let mut needs = Needs::new();
    for credential in credentials {
        let templates = match credential {
            Credential::OAuth2(source) => {
                let client = [&source.endpoint, &source.client_id, &source.client_secret];
                let of_token = [&source.scope, &source.refresh_token].into_iter();
                let of_token = of_token.chain(&source.audience).chain(&source.resource);
                client.into_iter().chain(of_token).collect()
            }
            Credential::SigV4(source) => {
                let key = [&source.access_key, &source.secret_key, &source.session_token];
                [&key[..], &[&source.region, &source.service]].concat()
            }
            Credential::Signed(source) => source.members.iter().map(|member| &member.value).collect(),
            sent => sent.templates(),
        };
        templates.into_iter().for_each(|template| add(template, &mut needs));
    }
    needs
}

fn add(template: &Template, needs: &mut Needs) {
    needs.extend(template.parts.iter().filter_map(|part| match part {
        TemplatePart::Variable(id) => Some(id.index()),
        TemplatePart::Literal(_) | TemplatePart::Parameter(_) => None,
    }));
}

fn add_node(node: &BodyNode, needs: &mut Needs) {
    match node {
        BodyNode::Text(template) => add(template, needs),
        BodyNode::Object(members) => add_members(members, needs),
        BodyNode::Array(items) => items.iter().for_each(|item| add_node(item, needs)),
        BodyNode::Json(_) | BodyNode::Parameter(_) | BodyNode::Bare(_) | BodyNode::Quoted(_) => {}
    }
}

fn add_members(members: &[BodyMember], needs: &mut Needs) {
    for member in members {
        add_node(&member.value, needs);
        member.made.iter().for_each(|name| add(name, needs));
    }
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{
        Api, ApiId, ApiKey, Body, BodyPart, FixedParameter, Location, Method, OAuth2, OperationId, RetrySafety, SigV4,
        VariableId, list,
    };

    use super::*;

    const fn variable(id: u32) -> Template {
        Template::new(match id {
            0 => const { &[TemplatePart::Variable(VariableId(0))] },
            1 => const { &[TemplatePart::Variable(VariableId(1))] },
            2 => const { &[TemplatePart::Variable(VariableId(2))] },
            3 => const { &[TemplatePart::Variable(VariableId(3))] },
            4 => const { &[TemplatePart::Variable(VariableId(4))] },
            5 => const { &[TemplatePart::Variable(VariableId(5))] },
            _ => const { &[TemplatePart::Variable(VariableId(6))] },
        })
    }

    fn of_body(content: BodyContent) -> Vec<usize> {
        let body = Body::new("text/plain", content);
        let operation =
            Operation { body: Some(body), ..Operation::new(OperationId(0), "o", Method::Post, RetrySafety::Never) };
        of_operation(&Capability::new("c", "", ""), &operation).into_iter().collect()
    }

    #[test]
    fn variables_are_found_wherever_they_are_in_a_request() {
        let operation = Operation {
            api: ApiId(1),
            path: list(const { &[PathPart::Variable(VariableId(1))] }),
            fixed: list(const { &[FixedParameter::new("a", Location::Query, variable(2))] }),
            credentials: list(const { &[Credential::ApiKey(ApiKey::new(Location::Query, "k", variable(3)))] }),
            ..Operation::new(OperationId(0), "o", Method::Get, RetrySafety::Never)
        };
        let key = |id| Credential::ApiKey(ApiKey::new(Location::Header, "k", variable(id)));
        let api = |id| Api { credentials: vec![key(id)].into(), ..Api::new("api") };
        let capability = Capability { apis: vec![api(0), api(4)].into(), ..Capability::new("c", "", "") };
        assert_eq!(of_operation(&capability, &operation), [1, 2, 3, 4].into());
        let [zero, one, two, three, four] = [0, 1, 2, 3, 4].map(variable);
        let oauth2 = OAuth2::new(zero.clone(), one.clone(), two.clone(), three.clone(), four.clone());
        let oauth2 = OAuth2 { audience: Some(variable(5)), resource: Some(variable(6)), ..oauth2 };
        assert_eq!(of_credentials(&[Credential::OAuth2(oauth2)]), [0, 1, 2, 3, 4, 5, 6].into());
        let sigv4 = SigV4::new(zero, one, two, three, four);
        assert_eq!(of_credentials(&[Credential::SigV4(sigv4)]), [0, 1, 2, 3, 4].into());
    }

    #[test]
    fn variables_are_found_in_bodies_of_each_kind() {
        let text = |id| BodyNode::Text(variable(id));
        let member = |id, made| BodyMember { made: Some(variable(made)), ..BodyMember::new("m", text(id)) };
        let object = BodyNode::Object(vec![member(1, 2)].into());
        assert_eq!(of_body(BodyContent::Json(BodyNode::Array(vec![text(0), object].into()))), [0, 1, 2]);
        assert_eq!(of_body(BodyContent::Form(vec![member(3, 4)].into())), [3, 4]);
        let part = BodyPart { file_name: Some(variable(1)), ..BodyPart::new("p", text(2)) };
        assert_eq!(of_body(BodyContent::Multipart(vec![part].into())), [1, 2]);
        assert_eq!(of_body(BodyContent::Text(variable(3))), [3]);
        assert_eq!(of_body(BodyContent::Bytes(variable(4))), [4]);
        assert_eq!(of_body(BodyContent::Json(BodyNode::Json("1".into()))), [0; 0]);
    }
}
