//! A yardstick without a framework or an HTTP client library, on hyper alone. Each slot has a keep-alive connection,
//! takes a job, posts the result, and takes the next job.

use std::error::Error;
use std::rc::Rc;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};
use worker_bench::{Addresses, Input, Job, body, item, slots, streams, variable, work};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        let addresses = Rc::new(Addresses::from_env());
        let slots: Vec<_> = (0..slots())
            .map(|_| spawn_local(slot(Rc::clone(&addresses))))
            .collect();
        for slot in slots {
            slot.await?.map_err(|error| error.to_string())?;
        }
        Ok(())
    })
}

async fn slot(addresses: Rc<Addresses>) -> Outcome<()> {
    let mut connection = Connection::open(&addresses.take(false)).await?;
    loop {
        let take = addresses.take(false);
        let (status, answer) = connection.send(Method::GET, &take, Vec::new()).await?;
        if status != StatusCode::OK {
            continue;
        }
        let job: Job = serde_json::from_slice(&answer)?;
        let result = if streams() {
            connection
                .send_items(&addresses, &job.id, &job.input)
                .await?;
            body(&[0_u8; 0])?
        } else {
            body(&work(job.input).await)?
        };
        let address = addresses.result(&job.id);
        connection.send(Method::POST, &address, result).await?;
    }
}

struct Connection {
    host: String,
    key: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    async fn open(address: &str) -> Outcome<Self> {
        let uri: Uri = address.parse()?;
        let host = uri
            .authority()
            .ok_or("an address without a host")?
            .to_string();
        let stream = TcpStream::connect(&host).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        spawn_local(connection);
        let key = variable("RUNPOD_AI_API_KEY");
        Ok(Self { host, key, sender })
    }

    async fn send(
        &mut self,
        method: Method,
        address: &str,
        body: Vec<u8>,
    ) -> Outcome<(StatusCode, Bytes)> {
        let uri: Uri = address.parse()?;
        let path = uri.path_and_query().ok_or("an address without a path")?;
        let request = Request::builder()
            .method(method)
            .uri(path.as_str())
            .header("host", &self.host)
            .header("authorization", &self.key)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    async fn send_items(&mut self, addresses: &Addresses, job: &str, input: &Input) -> Outcome<()> {
        let address = addresses.item(job);
        for _ in 0..input.items {
            self.send(Method::POST, &address, body(&item())?).await?;
        }
        Ok(())
    }
}
