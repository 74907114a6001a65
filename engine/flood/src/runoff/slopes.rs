//! The hillsides as a chain of elements: what rain falls on.

use crate::basin_error::BasinError;

use super::land::Land;

/// Least slope of an element, in m/m. Filled ground has none, and water would never leave it.
pub const SLOPE_MIN: f64 = 0.001;

/// What an element drains into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// A later element.
    Element(u32),
    /// A node of the waterway.
    Node(u32),
}

/// A piece of hillside: ground of one kind at one distance from the river.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Element {
    /// Its area on the map, in m².
    pub area_m2: f64,
    /// Its length along the flow, in m; area over length is its width.
    pub length_m: f64,
    /// Its slope, in m/m; taken as [`SLOPE_MIN`] if it is less.
    pub slope: f64,
    /// What it drains into.
    pub receiver: Receiver,
    /// Index of its rain cell.
    pub rain_cell: u32,
    /// Index of its kind of ground.
    pub land: u8,
}

/// What a step needs of an element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) area_m2: f64,
    pub(crate) per_m2: f64,
    /// Square root of the slope over the length.
    pub(crate) surface: f64,
    /// Slope over the length.
    pub(crate) soil: f64,
    pub(crate) receiver: Receiver,
    pub(crate) node: u32,
    pub(crate) rain_cell: u32,
    pub(crate) land: u8,
}

/// Elements in an order in which whatever flows into an element comes before it.
#[derive(Clone, Debug)]
pub struct Slopes {
    elements: Vec<Element>,
    pub(crate) plans: Vec<Plan>,
    lands: Vec<Land>,
    nodes: usize,
    /// Area of the elements under each rain cell, in m².
    pub(crate) under_rain_m2: Vec<f64>,
}

/// Most rain cells: 16 million, as many as a window of 4,000 x 4,000.
const MOST_RAIN_CELLS: usize = 1 << 24;

impl Slopes {
    /// Accepts sound chains only, so that one pass from first to last follows the water. `nodes`
    /// is the number of nodes of the waterway.
    ///
    /// # Errors
    /// [`BasinError::Item`] with the first land or element that is not sound.
    pub fn new(elements: Vec<Element>, lands: Vec<Land>, nodes: usize) -> Result<Self, BasinError> {
        Land::check(&lands)?;
        for (index, element) in elements.iter().enumerate() {
            let positive = |value: f64| value.is_finite() && 0.0 < value;
            let onwards = match element.receiver {
                Receiver::Element(next) => {
                    index < next as usize && (next as usize) < elements.len()
                }
                Receiver::Node(node) => (node as usize) < nodes,
            };
            let fault = if !positive(element.area_m2) || !positive(element.length_m) {
                Some("an area and a length above 0")
            } else if !(element.slope.is_finite() && 0.0 <= element.slope) {
                Some("a slope of 0 or more")
            } else if !onwards {
                Some("a later element or a node downstream")
            } else if MOST_RAIN_CELLS <= element.rain_cell as usize {
                Some("a rain cell")
            } else if lands.len() <= usize::from(element.land) {
                Some("a known kind of ground")
            } else {
                None
            };
            if let Some(expected) = fault {
                return Err(BasinError::Item { what: "element", index, expected });
            }
        }
        let rain_cells = elements.iter().map(|element| element.rain_cell as usize + 1).max();
        let mut under_rain_m2 = vec![0.0; rain_cells.unwrap_or(0)];
        for element in &elements {
            under_rain_m2[element.rain_cell as usize] += element.area_m2;
        }
        let mut plans: Vec<Plan> = elements.iter().map(Plan::new).collect();
        for index in (0..plans.len()).rev() {
            plans[index].node = match plans[index].receiver {
                Receiver::Element(next) => plans[next as usize].node,
                Receiver::Node(node) => node,
            };
        }
        Ok(Self { elements, plans, lands, nodes, under_rain_m2 })
    }

    /// The elements.
    #[must_use]
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// The kinds of ground.
    #[must_use]
    pub fn lands(&self) -> &[Land] {
        &self.lands
    }

    /// Number of nodes of the waterway.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// Least number of rain cells.
    #[must_use]
    pub fn rain_cells(&self) -> usize {
        self.under_rain_m2.len()
    }

    /// Area of the elements under each rain cell, in m²: weights of a basin mean.
    #[must_use]
    pub fn under_rain_m2(&self) -> &[f64] {
        &self.under_rain_m2
    }

    /// The node that the water of each element reaches in the end.
    #[must_use]
    pub fn node_of_elements(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.plans.iter().map(|plan| plan.node)
    }

    /// Area of all elements, in m².
    #[must_use]
    pub fn area_m2(&self) -> f64 {
        self.elements.iter().map(|element| element.area_m2).sum()
    }
}

impl Plan {
    fn new(element: &Element) -> Self {
        let slope = element.slope.max(SLOPE_MIN);
        Self {
            area_m2: element.area_m2,
            per_m2: 1.0 / element.area_m2,
            surface: slope.sqrt() / element.length_m,
            soil: slope / element.length_m,
            receiver: element.receiver,
            node: 0,
            rain_cell: element.rain_cell,
            land: element.land,
        }
    }
}
