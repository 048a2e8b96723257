#![doc = include_str!("guide.md")]

/// Declares the module of a small generated client, for the examples of the guide.
#[doc(hidden)]
#[macro_export]
macro_rules! example_api {
    ($module:ident) => {
        mod $module {
            use $crate::__private::{Connection, Handle, ParameterId};
            use $crate::schema::*;
            use $crate::{ClientBuilder, IntoBody};

            static CAPABILITY: Capability = Capability::new("my-api", "My API", "1.0.0")
                .apis(const { &[Api::new("my-api").base_uri("https://api.example.com")] })
                .variables(const { &[Variable::new("MY_API_KEY")] });
            static LIST_ITEMS: Operation =
                Operation::new(OperationId(0), "list-items", Method::Get, RetrySafety::Idempotent);
            static GET_ITEM: Operation =
                Operation::new(OperationId(1), "get-item", Method::Get, RetrySafety::Idempotent)
                    .parameters(const { &[Parameter::new("id", Location::Query, Kind::String).required()] });
            static CREATE_ITEM: Operation =
                Operation::new(OperationId(2), "create-item", Method::Post, RetrySafety::OnlyIfNotProcessed)
                    .parameters(const { &[Parameter::new("body", Location::Body, Kind::Object).required()] });

            pub struct Client(Connection);

            impl Handle for Client {
                fn over(connection: Connection) -> Self {
                    Self(connection)
                }
            }

            impl Client {
                pub fn builder() -> ClientBuilder<Self> {
                    ClientBuilder::new(&CAPABILITY)
                }

                pub fn list_items(&self) -> ListItems {
                    ListItems(self.0.request(&LIST_ITEMS))
                }

                pub fn get_item(&self, id: impl Into<String>) -> GetItem {
                    GetItem(self.0.request(&GET_ITEM).text(ParameterId(0), id))
                }

                pub fn create_item(&self, body: impl IntoBody) -> CreateItem {
                    CreateItem(self.0.request(&CREATE_ITEM).body(ParameterId(0), body))
                }
            }

            $crate::call!(ListItems, "A call of `list_items`.");
            $crate::call!(GetItem, "A call of `get_item`.");
            $crate::call!(CreateItem, "A call of `create_item`.");
        }
    };
}
